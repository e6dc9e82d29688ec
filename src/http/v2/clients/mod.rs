//! Everything that belongs to one client: `/v2/clients/{client_id}/…`.

pub(in crate::http) mod client;
pub(in crate::http) mod config;
pub(in crate::http) mod context;
pub(in crate::http) mod context_value;
pub(in crate::http) mod insights;
pub(in crate::http) mod next;
pub(in crate::http) mod pattern;
pub(in crate::http) mod patterns;
pub(in crate::http) mod recording;
pub(in crate::http) mod recordings;
mod sounds;
pub(in crate::http) mod telemetry;
pub(in crate::http) mod voice_profile;
pub(in crate::http) mod voice_profiles;
