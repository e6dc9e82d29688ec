//! Calliope's domain types: clients, frames, schedules, parameters, object keys and tasks.
//!
//! The crate does no I/O. Its types carry the derives that the rest of the service needs: serde for JSON, sqlx for
//! database rows, utoipa for the OpenAPI document.

mod cascade;
mod client;
mod clock;
mod device_command;
mod event;
mod evidence;
mod frame;
mod image_analysis;
mod image_format;
mod json;
mod json_input;
mod lifetime;
mod object_key;
mod parameters;
mod principal;
mod provenance;
mod public_address;
mod resource;
mod schedule;
mod search_terms;
mod season;
mod share;
mod slug;
mod task;
mod text_column;
mod trace;

pub use cascade::{Cascade, LevelName};
pub use client::{ClientId, InvalidClientId};
pub use clock::{Clock, SystemClock};
pub use device_command::DeviceCommand;
pub use event::EventKind;
pub use evidence::Evidence;
pub use frame::FrameKey;
pub use image_analysis::{ImageAnalysis, ImageFeatures, Swatch};
pub use image_format::{Dither, ImageFormat, Size, UnknownImageFormat};
pub use json::has_nul;
pub use json_input::{JsonInput, plain_json_error};
pub use lifetime::{InvalidLifetime, Lifetime};
pub use object_key::{
    ClientFolder, Extension, InputName, InvalidClientFolder, InvalidExtension, InvalidInputName,
    InvalidMediaName, InvalidObjectKey, InvalidProfileName, MediaName, ObjectKey, ProfileName,
    file_slug,
};
pub use parameters::{FrameParameters, InvalidParameter};
pub use principal::{Identity, Principal, Scope, ScopeName};
pub use provenance::{DigitalSourceType, Provenance};
pub use public_address::is_public_address;
pub use resource::{
    ClientTypeConfig, FlockConfig, InferenceModel, JsonObject, ModelConfig, PromptTemplate,
    SparrowConfig, StrategyConfig,
};
pub use schedule::{InvalidSchedule, Schedule, ScheduleSnapshot, ScheduleState, SensorEvent};
pub use search_terms::{Term, joined_terms, query_terms, terms};
pub use season::Season;
pub use share::ShareKind;
pub use slug::{slug_base, story_title};
pub use task::{TaskKind, TaskStatus, backoff, lost_run_backoff};
pub use trace::TraceParent;
