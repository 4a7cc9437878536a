"""What holds for all tests."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

# What runs in the background or under nohup ignores these signals, and so would all that it
# starts, where tests send them. Handled, if only by doing nothing, they are not inherited.
for _number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, lambda *_: None)

# A change is not to fail by what another one left to be found: in CI the same examples are drawn
# each time. Everybody's own runs draw others, and so does make fuzz.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
