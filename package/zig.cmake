# SPDX-License-Identifier: MIT
#
# The toolchain of the wheels: zig's C compiler, for a processor and a glibc that need not be this
# machine's. tools/wheels.py puts the programs into a folder, FARFETCH_TOOLS.
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES FARFETCH_TOOLS FARFETCH_PROCESSOR)
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${FARFETCH_PROCESSOR})
set(CMAKE_C_COMPILER ${FARFETCH_TOOLS}/cc)
set(CMAKE_AR ${FARFETCH_TOOLS}/ar)
set(CMAKE_RANLIB ${FARFETCH_TOOLS}/ranlib)
