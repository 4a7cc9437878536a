"""What holds for all tests."""

from __future__ import annotations

import signal

# What runs in the background or under nohup ignores these signals, and so would all that it
# starts, where tests send them. Handled, if only by doing nothing, they are not inherited.
for _number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, lambda *_: None)
