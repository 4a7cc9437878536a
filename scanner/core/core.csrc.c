// SPDX-License-Identifier: MIT
#include "ff.h"
