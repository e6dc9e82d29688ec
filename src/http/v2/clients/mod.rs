//! What belongs to one Sparrow: `/v2/clients/{client_id}/…`.

pub(in crate::http) mod config;
pub(in crate::http) mod next;
pub(in crate::http) mod telemetry;
