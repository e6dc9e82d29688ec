//! What belongs to one Sparrow: `/v2/clients/{client_id}/…`.

pub(in crate::http) mod config;
pub(in crate::http) mod next;
pub(in crate::http) mod recording;
pub(in crate::http) mod recordings;
mod sounds;
pub(in crate::http) mod telemetry;
pub(in crate::http) mod voice_profile;
pub(in crate::http) mod voice_profiles;
