//! A client's configuration as it comes out: every value with the level that gave it, and no secret.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Config;
use super::resolve::{ClientLevels, SchedulePosition, effective_schedule};
use crate::app::AppError;
use crate::domain::{ClientId, LevelName};

/// What is in force for a client that asks for nothing.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClientConfigView {
    /// The Sparrow.
    pub client_id: String,
    /// The strategy of its next frame.
    pub strategy: String,
    /// The levels, the highest first; each goes over those behind it.
    #[schema(example = json!(["schedule of sparrow", "sparrow", "flock wood", "flock default", "strategy fern"]))]
    pub levels: Vec<String>,
    /// Every parameter in force.
    pub parameters: BTreeMap<String, ParameterView>,
    /// The providers' keys that there are. Their values are nobody's to read.
    pub keys: BTreeMap<String, ProviderKeyView>,
    /// The flock whose story the Sparrow shares.
    pub follows_story_of_flock: Option<String>,
    /// Where the Sparrow stands on the schedule that decides.
    pub schedule: Option<ScheduleView>,
    /// What is not as it was configured, in plain words.
    pub notes: Vec<String>,
}

/// One value in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParameterView {
    /// The value.
    #[schema(value_type = Object)]
    pub value: Value,
    /// Who gave it.
    #[schema(example = "flock wood")]
    pub level: String,
}

/// One provider's key.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderKeyView {
    /// Who gave it.
    pub level: String,
}

/// Where a Sparrow stands on a schedule.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScheduleView {
    /// Whose schedule it is.
    pub level: String,
    /// Which step or window, from 0; null outside of every window.
    pub step: Option<usize>,
    /// Whether the Sparrow sleeps.
    pub asleep: bool,
    /// When it wakes, if that is known.
    pub next_wake_at: Option<DateTime<Utc>>,
    /// When something else may be in force, if that is known.
    pub changes_at: Option<DateTime<Utc>>,
    /// What leads on.
    #[schema(value_type = Option<Object>)]
    pub trigger_condition: Option<Value>,
}

impl Config {
    /// What is in force for a client, and which level gave each value.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the flocks go round in a loop, or the database fails.
    pub async fn client_config(&self, client_id: &ClientId) -> Result<ClientConfigView, AppError> {
        let levels = self.levels(client_id.as_str()).await?;
        let present = self.resolve_current(client_id.as_str(), &levels).await?;
        let cascade = &present.resolved.cascade;
        let given = cascade.all().into_iter().map(|(name, value, level)| {
            (name.to_owned(), ParameterView { value: value.clone(), level: level.to_string() })
        });
        let asked = |level: &&LevelName| **level != LevelName::Request;
        Ok(ClientConfigView {
            client_id: client_id.as_str().to_owned(),
            strategy: present.resolved.strategy.slug.clone(),
            levels: cascade.levels().filter(asked).map(ToString::to_string).collect(),
            parameters: given.collect(),
            keys: keys(&levels),
            follows_story_of_flock: levels.followed_flock.clone(),
            schedule: schedule(&levels, &present.positions),
            notes: present.resolved.notes,
        })
    }
}

/// Keys go over each other as parameters do.
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
