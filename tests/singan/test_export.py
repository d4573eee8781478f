from singan.export import save_png


def test_a_png_is_the_picture(picture, tmp_path):
    save_png(picture, tmp_path / "a.PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["a.PNG"]
    assert (tmp_path / "a.PNG").read_bytes().startswith(b"\x89PNG")
