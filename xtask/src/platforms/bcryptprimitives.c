/*
 * bcryptprimitives.dll, for tests under wine. Rust's standard library imports `ProcessPrng` from this DLL, which wine
 * has had only since version 9. No program of this repository contains this file.
 */

#include <stddef.h>

/* `RtlGenRandom` of advapi32. */
unsigned char __stdcall SystemFunction036(void *buffer, unsigned long length);

__declspec(dllexport) int __stdcall ProcessPrng(unsigned char *buffer, size_t length) {
    return SystemFunction036(buffer, (unsigned long)length);
}
