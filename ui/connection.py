"""Close connections whose next request's head does not come in time: the gate sees a request from its head on, and
uvicorn waits for one for ever."""

from typing import Any

from uvicorn.config import HTTP_PROTOCOLS
from uvicorn.protocols.http.auto import AutoHTTPProtocol

HEAD_SECONDS = 20.0


class Connection(AutoHTTPProtocol):  # type: ignore[misc,valid-type]
    """Speak HTTP as uvicorn does, to those who ask in time."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait_for_head()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._wait_for_head()

    def _wait_for_head(self) -> None:
        self.loop.call_later(HEAD_SECONDS, self._close_unless_asked, self.cycle)

    def _close_unless_asked(self, last: Any) -> None:
        """Close the connection where no request came after the last one, a cycle of uvicorn's."""
        if self.cycle is last:
            self.transport.close()


def install() -> None:
    """Let servers that are started from now on use it."""
    HTTP_PROTOCOLS["auto"] = f"{__name__}:{Connection.__name__}"
