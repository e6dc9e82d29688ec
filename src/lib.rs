//! Calliope tells stories to small devices: a photo in, the next frame of a story out.
//!
//! The layers, from top to bottom. A module imports only from layers below its own, not from its own layer;
//! `tests/architecture` checks this.
//!
//! | layer | modules |
//! |---|---|
//! | commands | [`cli`]: one file per command |
//! | entry points | [`http`]: requests; [`worker`]: background tasks. They translate and make no decisions |
//! | use cases | [`app`]: tell a frame, read stories, store media |
//! | storytellers | [`storytellers`]: one file per storyteller |
//! | outside world | [`store`]: rows; [`objects`]: files; [`inference`]: models; [`vectors`]: vector indexes; [`situation`]: place, time, weather and sky |
//! | computation | [`settings`], [`imaging`], [`vision`], [`painter`], [`audio`], [`compute`], [`sky`], [`telemetry`], [`http_client`] |
//! | domain types | [`domain`]: story, frame, client, picture, task. It does no I/O itself; its derives map the types to rows and to JSON |
//!
//! `domain` and `sky` are crates of their own (`crates/domain`, `crates/sky`), and so are the pages (`crates/web`). `imaging`, `vision` and `painter` are
//! modules of the crate `crates/pixels`, so that test builds can optimise them alone.

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
