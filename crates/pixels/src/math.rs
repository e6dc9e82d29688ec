//! Elementary functions that give the same result on every machine.
//!
//! Those of `std` call the system's mathematical library, whose results differ in the last bit between libraries, and
//! between processors with and without fused multiply-add. A picture is a chain of such numbers, so a last bit may
//! become another pixel. These are compiled from one source and round after every operation. So do the operators of
//! Rust, and `sqrt` and `round` of `std` are exact; those need no replacement.

pub(crate) use libm::{
    cbrtf as cbrt, cosf as cos, expf as exp, hypotf as hypot, logf as ln, powf, sincosf as sin_cos,
    sinf as sin,
};
