//! Version 2.

pub(super) mod pairing;
