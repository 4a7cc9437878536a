"""What holds for all tests."""

from __future__ import annotations

import os
import signal

from hypothesis import HealthCheck, settings

# What runs in the background or under nohup ignores these signals, and so would all that it
# starts, where tests send them. Handled, if only by doing nothing, they are not inherited; and
# Ctrl-C is what it is in the foreground, for the tests that press it on themselves.
_handlers = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGQUIT: lambda *_: None,
    signal.SIGHUP: lambda *_: None,
}
for _number, _handler in _handlers.items():
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, _handler)

# How long an example takes is the machine's affair. In CI the same examples are drawn each time,
# for a change is not to fail by what another one left to be found; everybody's own runs draw
# others, and so does make fuzz.
settings.register_profile(
    "farfetch",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("farfetch")
