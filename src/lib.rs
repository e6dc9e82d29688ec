//! Calliope tells stories to small devices: a photo in, the next frame of a story out.
//!
//! The map of this house, from the roof down. Imports go downward only, siblings on one floor do not import each
//! other, and `tests/architecture.rs` keeps it so.
//!
//! | floor | modules |
//! |---|---|
//! | commands | [`cli`]: one file a command |
//! | doors | [`http`]: requests; [`worker`]: background tasks. They translate and decide nothing |
//! | use cases | [`app`]: tell a frame, read stories, keep media |
//! | ways of telling | [`storytellers`]: one file a strategy |
//! | the outside world | [`store`]: rows; [`objects`]: files; [`inference`]: models; [`vectors`]: nearness in meaning; [`situation`]: where, when, weather and sky |
//! | pure work | [`settings`], [`imaging`], [`vision`], [`painter`], [`audio`], [`compute`], [`sky`], [`telemetry`], [`web`] |
//! | the nouns | [`domain`]: story, frame, client, picture, task. It does no I/O itself; rows and the API contract read and write its types by their derives |
//!
//! `domain` is a crate of its own, `crates/domain`, and so is `sky`, `crates/sky`. `imaging`, `vision` and `painter` are
//! one together, `crates/pixels`: test builds optimise that one alone.

pub use calliope_domain as domain;
pub use calliope_pixels::{imaging, painter, vision};
pub use calliope_sky as sky;

pub mod app;
pub mod audio;
pub mod cli;
pub mod compute;
pub mod http;
pub mod http_client;
pub mod inference;
pub mod objects;
pub mod settings;
pub mod situation;
pub mod store;
pub mod storytellers;
pub mod telemetry;
pub mod vectors;
pub mod worker;
