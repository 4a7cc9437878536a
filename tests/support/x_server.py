"""An X server that no screen shows, with a mouse and keys for a program."""

from __future__ import annotations

import os
import shutil
import subprocess

from Xlib import XK, X, display
from Xlib.ext import xtest
from Xlib.xobject.drawable import Window

from support.child import Child
from support.waiting import wait_for

Colour = tuple[int, int, int]


class Picture:
    """What a window shows at a moment, or a part of it.

    Args:
        window: to look at.
        left: where the part begins.
        top: the same.
        width: of the part, in pixels.
        height: the same.
    """

    def __init__(self, window: Window, left: int, top: int, width: int, height: int) -> None:
        self._width = width
        image = window.get_image(left, top, width, height, X.ZPixmap, 0xFFFFFFFF)
        self.pixels = bytes(image.data)

    def colour(self, x: int, y: int) -> Colour:
        """Return red, green and blue of a pixel of the part."""
        blue, green, red, _ = self.pixels[4 * (y * self._width + x) :][:4]
        return red, green, blue


class XServer(Child):
    """Xvfb on a display that it chooses; a context manager that ends it on exit.

    What it shows ends with it.

    Attributes:
        environment: what a program needs to be shown by it.
    """

    def __init__(self) -> None:
        assert shutil.which("Xvfb"), "Xvfb is missing: apt-get install xvfb"
        told, tells = os.pipe()
        screen = ("-displayfd", str(tells), "-screen", "0", "1024x768x24")
        with os.fdopen(told) as number:
            # setpriv execs, so that the server ends with us even when we are killed.
            super().__init__(
                subprocess.Popen(
                    ["setpriv", "--pdeathsig", "TERM", "Xvfb", *screen], pass_fds=[tells]
                )
            )
            os.close(tells)
            chosen = number.readline().strip()
        self.environment = {"DISPLAY": f":{chosen}"}
        try:
            assert chosen, "Xvfb does not start; what it says of it stands in front"
            self._display = display.Display(self.environment["DISPLAY"])
        except BaseException:
            self._end()
            raise

    def close(self) -> None:
        """End it, and with it what it shows."""
        self._end()
        self._display.display.socket.close()  # a polite end would wait for an answer

    def window(self) -> Window:
        """Wait until a window is shown, and return it."""
        shown: list[Window] = []

        def look() -> bool:
            shown[:] = [
                window
                for window in self._display.screen().root.query_tree().children
                if window.get_attributes().map_state == X.IsViewable
            ]
            return bool(shown)

        wait_for(look)
        return shown[0]

    def hover(self, window: Window, x: int, y: int) -> None:
        """Move the mouse to a place in a window."""
        window.warp_pointer(x, y)
        self._display.sync()

    def click(self, window: Window, x: int, y: int, button: int) -> None:
        """Press and release a button of the mouse at a place in a window."""
        window.warp_pointer(x, y)
        xtest.fake_input(self._display, X.ButtonPress, button)
        xtest.fake_input(self._display, X.ButtonRelease, button)
        self._display.sync()

    def press(self, key: str) -> None:
        """Press and release a key, by its name in X, for the window where the mouse is."""
        code = self._display.keysym_to_keycode(XK.string_to_keysym(key))
        xtest.fake_input(self._display, X.KeyPress, code)
        xtest.fake_input(self._display, X.KeyRelease, code)
        self._display.sync()

    def cover(self, window: Window) -> None:
        """Lay another window over this and take it away, so that this is drawn afresh."""
        size = window.get_geometry()
        above = self._display.screen().root.create_window(
            size.x, size.y, size.width, size.height, 0, X.CopyFromParent, override_redirect=True
        )
        above.map()
        above.destroy()
        self._display.sync()

    def _end(self) -> None:
        self._process.terminate()
        self._process.wait()
