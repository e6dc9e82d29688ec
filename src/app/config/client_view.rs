//! The configuration in force for a client: every value with the level that sets it, without secrets.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Config;
use super::commands::blackouts;
use super::resolve::{ClientLevels, SchedulePosition, effective_schedule};
use crate::app::AppError;
use crate::domain::{ClientId, LevelName};

/// The configuration in force for a client whose request sets nothing.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClientConfigView {
    /// The Sparrow's id.
    pub client_id: String,
    /// The slug of the strategy for the Sparrow's next story.
    pub strategy: String,
    /// The levels, the highest first. Each overrides those after it.
    #[schema(example = json!(["schedule of sparrow", "sparrow", "flock wood", "flock default", "strategy fern"]))]
    pub levels: Vec<String>,
    /// Every parameter in force, by name.
    pub parameters: BTreeMap<String, ParameterView>,
    /// The provider keys that are set, by name. Their values are never returned.
    pub keys: BTreeMap<String, ProviderKeyView>,
    /// The id of the flock whose story the Sparrow shares; null if it has its own.
    pub follows_story_of_flock: Option<String>,
    /// The position of the Sparrow in the schedule that decides about sleep and durations; null if it has no schedule.
    pub schedule: Option<ScheduleView>,
    /// What keeps the Sparrow black: `sparrow`, or flocks such as `flock wood`; empty if no blackout is on.
    #[schema(example = json!([]))]
    pub blackouts: Vec<String>,
    /// Sentences for people about values that could not be used as configured.
    pub notes: Vec<String>,
}

/// A parameter in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParameterView {
    /// The parameter's value.
    pub value: Value,
    /// The level that sets the value.
    #[schema(example = "flock wood")]
    pub level: String,
}

/// A provider key that is set.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderKeyView {
    /// The level that sets the key.
    #[schema(example = "flock wood")]
    pub level: String,
}

/// The position of a Sparrow in a schedule.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScheduleView {
    /// The level that the schedule belongs to.
    #[schema(example = "sparrow")]
    pub level: String,
    /// The index of the step or window, from 0; null outside every window.
    pub step: Option<usize>,
    /// Whether the Sparrow sleeps.
    pub asleep: bool,
    /// When a sleeping Sparrow should wake; null if it is awake or the time is not known.
    pub next_wake_at: Option<DateTime<Utc>>,
    /// When something else may be in force; null if the time is not known.
    pub changes_at: Option<DateTime<Utc>>,
    /// The trigger that leads to the next step, such as `{"type": "on_motion"}`; null for weekly schedules and if the
    /// last step stays.
    #[schema(value_type = Option<Object>)]
    pub trigger_condition: Option<Value>,
}

impl Config {
    /// Returns what is in force for a client, and which level sets each value.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the client's flocks form a cycle, or if the database fails.
    pub async fn client_config(&self, client_id: &ClientId) -> Result<ClientConfigView, AppError> {
        let levels = self.levels(client_id.as_str()).await?;
        let current = self.resolve_current(client_id.as_str(), &levels).await?;
        let cascade = &current.resolved.cascade;
        let parameters = cascade.all().into_iter().map(|(name, value, level)| {
            (name.to_owned(), ParameterView { value: value.clone(), level: level.to_string() })
        });
        let is_configured = |level: &&LevelName| **level != LevelName::Request;
        Ok(ClientConfigView {
            client_id: client_id.as_str().to_owned(),
            strategy: current.resolved.strategy.slug.clone(),
            levels: cascade.levels().filter(is_configured).map(ToString::to_string).collect(),
            parameters: parameters.collect(),
            keys: keys(&levels),
            follows_story_of_flock: levels.followed_flock.clone(),
            schedule: schedule(&levels, &current.positions),
            blackouts: blackouts(&levels.commands).iter().map(ToString::to_string).collect(),
            notes: current.resolved.notes,
        })
    }
}

/// Returns the provider keys in force. A higher level overrides a lower one, as with parameters.
fn keys(levels: &ClientLevels) -> BTreeMap<String, ProviderKeyView> {
    let mut keys = BTreeMap::new();
    for level in &levels.levels {
        for name in level.keys.keys() {
            keys.entry(name.clone())
                .or_insert_with(|| ProviderKeyView { level: level.name.to_string() });
        }
    }
    keys
}

fn schedule(levels: &ClientLevels, positions: &[SchedulePosition]) -> Option<ScheduleView> {
    let in_force = effective_schedule(positions)?;
    let level = &levels.levels[positions.first()?.level];
    Some(ScheduleView {
        level: level.name.to_string(),
        step: in_force.step,
        asleep: in_force.is_asleep,
        next_wake_at: in_force.next_wake_at,
        changes_at: in_force.changes_at,
        trigger_condition: in_force.trigger_condition.clone(),
    })
}
