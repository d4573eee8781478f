"""What several events of a page draw into one place."""

from ui.wiring import Newest


def test_an_older_stream_of_the_page_ends_and_changes_nothing():
    newest, drawn = Newest(), []

    def slow():
        for step in range(3):
            drawn.append(step)
            yield {"picture": step}

    older, elsewhere = newest.stream("page", slow()), newest.stream("other page", iter([{"picture": 8}]))
    assert next(older) == {"picture": 0}
    assert list(newest.stream("page", iter([{"picture": 9}]))) == [{"picture": 9}]
    assert list(older) == [{}] and drawn == [0, 1]  # what it would draw beyond is not drawn
    assert list(elsewhere) == [{"picture": 8}]
    assert list(newest.stream("page", iter([{"picture": 7}]))) == [{"picture": 7}] and not newest._streams
