# SPDX-License-Identifier: MIT
#
# A toolchain for arm64, whose programs QEMU's user emulation runs without a system around them.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc-12)
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
