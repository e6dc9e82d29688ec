//! The frames of a story: `/v2/stories/{id}/frames`.

pub(in crate::http) mod add;
pub(in crate::http) mod change;
pub(in crate::http) mod illustrate;
pub(in crate::http) mod list;
pub(in crate::http) mod read;
pub(in crate::http) mod remove;
pub(in crate::http) mod similar;
