//! The nouns of Calliope: what a story, a frame, a client and a task are.
//!
//! The crate does no I/O itself. Its types carry the derives (serde, sqlx, utoipa) by which database rows and the API
//! contract read and write them.

mod cascade;
mod client;
mod clock;
mod event;
mod evidence;
mod frame;
mod json;
mod key;
mod lifetime;
mod parameters;
mod picture;
mod principal;
mod resource;
mod schedule;
mod season;
mod sight;
mod slug;
mod task;
mod trace;

pub use cascade::{Cascade, LevelName};
pub use client::{ClientId, InvalidClientId};
pub use clock::{Clock, SystemClock};
pub use event::EventKind;
pub use evidence::Evidence;
pub use frame::FramePlace;
pub use json::has_nul;
pub use key::{
    ClientFolder, Extension, InputName, InvalidClientFolder, InvalidExtension, InvalidInputName,
    InvalidMediaName, InvalidObjectKey, InvalidProfileName, MediaName, ObjectKey, ProfileName,
    file_slug,
};
pub use lifetime::{InvalidLifetime, Lifetime};
pub use parameters::{Parameters, RefusedParameter};
pub use picture::{Dither, ImageFormat, Size, UnknownImageFormat};
pub use principal::{Identity, Principal, Scope, ScopeName};
pub use resource::{
    ClientTypeConfig, FlockConfig, InferenceModel, ModelConfig, Object, PromptTemplate,
    SparrowConfig, StrategyConfig,
};
pub use schedule::{InForce, RefusedSchedule, Schedule, ScheduleState, Sensed};
pub use season::Season;
pub use sight::{Look, Sight, Swatch};
pub use slug::{slug_base, story_title};
pub use task::{TaskKind, TaskStatus, backoff};
pub use trace::TraceParent;
