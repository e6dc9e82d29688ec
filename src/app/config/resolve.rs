//! Resolution of a client's configuration: its levels, cached until one of them changes, and the values in force when a
//! request's parameters are added above them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::Config;
use crate::app::{AppError, ErrorKind};
use crate::domain::{Cascade, LevelName, Schedule, ScheduleSnapshot, ScheduleState, SensorEvent};
use crate::store::{FlockLevel, ModelRow, ScheduleRow, SentCommand, SparrowLevel, Story, Strategy};

/// The slug of the strategy that is used if neither the request nor the configuration names one.
pub(in crate::app) const DEFAULT_STRATEGY: &str = "fern";

/// The id of the flock that every Sparrow is in.
pub(in crate::app) const DEFAULT_FLOCK: &str = "default";

/// One level of a client's own configuration.
#[derive(Debug)]
pub(in crate::app) struct ClientLevel {
    pub(in crate::app) name: LevelName,
    pub(in crate::app) parameters: Map<String, Value>,
    pub(in crate::app) keys: Map<String, Value>,
    pub(in crate::app) schedule: Option<Schedule>,
    /// The maximum number of frames per day (UTC); `None` for no limit. Only flocks have one.
    pub(in crate::app) frames_per_day: Option<i32>,
    /// The maximum cost of model calls per day (UTC) in US dollars; `None` for no limit.
    pub(in crate::app) budget_per_day: Option<f64>,
    /// Whether Calliope may learn from the client's stories.
    pub(in crate::app) is_learned_from: bool,
}

/// The configurations of a client and its flocks.
#[derive(Debug, Default)]
pub(in crate::app) struct ClientLevels {
    /// The highest level first.
    pub(in crate::app) levels: Vec<ClientLevel>,
    /// The id of the flock whose story the client shares.
    pub(in crate::app) followed_flock: Option<String>,
    /// Whether only the client itself and admins see its stories.
    pub(in crate::app) is_private: bool,
    /// The ids of the client's flocks, the nearest first. `default` is always among them.
    pub(in crate::app) flocks: Vec<String>,
    /// The commands for the client and its flocks that are in force, the oldest first.
    pub(in crate::app) commands: Vec<SentCommand>,
}

/// What a request sets above a client's configuration.
#[derive(Debug, Clone, Default)]
pub(in crate::app) struct ConfigOverrides {
    pub(in crate::app) parameters: Map<String, Value>,
    pub(in crate::app) strategy: Option<String>,
    pub(in crate::app) client_type: Option<String>,
}

/// The configuration in force, with all levels merged.
#[derive(Debug, Clone)]
pub(in crate::app) struct ResolvedConfig {
    pub(in crate::app) cascade: Cascade,
    pub(in crate::app) strategy: Arc<Strategy>,
    /// Sentences for the frame's `errors`.
    pub(in crate::app) notes: Vec<String>,
}

/// What is in force for a client that does not request a frame.
pub(in crate::app) struct CurrentConfig {
    pub(in crate::app) positions: Vec<SchedulePosition>,
    pub(in crate::app) resolved: ResolvedConfig,
}

/// The position of a client in one of its schedules.
#[derive(Debug, Clone)]
pub(in crate::app) struct SchedulePosition {
    /// The index in [`ClientLevels::levels`] of the level that the schedule belongs to.
    pub(in crate::app) level: usize,
    pub(in crate::app) state: ScheduleState,
    pub(in crate::app) in_force: ScheduleSnapshot,
    /// Whether the state differs from the stored one.
    pub(in crate::app) is_changed: bool,
}

impl Config {
    /// Returns the levels of a client's configuration.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Conflict`], with the chain of flocks in the message, if the flocks form a cycle.
    pub(in crate::app) async fn levels(
        &self,
        client_id: &str,
    ) -> Result<Arc<ClientLevels>, AppError> {
        let load = async { Ok(Arc::new(self.load_levels(client_id).await?)) };
        self.caches.levels.get(&self.store, client_id, load).await
    }

    async fn load_levels(&self, client_id: &str) -> Result<ClientLevels, AppError> {
        let sparrow = self.store.sparrow_level(client_id).await?;
        let mut next = sparrow.as_ref().and_then(|sparrow| sparrow.parent_flock_id.clone());
        let followed_flock = sparrow
            .as_ref()
            .filter(|s| s.follow_parent_story)
            .and_then(|s| s.parent_flock_id.clone());
        let is_private = sparrow.as_ref().is_some_and(|sparrow| sparrow.is_private);
        let mut levels: Vec<ClientLevel> = sparrow.map(sparrow_level).into_iter().collect();
        let mut chain = vec![client_id.to_owned()];
        let mut visited: Vec<String> = Vec::new();
        loop {
            let flock_id = match next.take() {
                Some(flock_id) if visited.contains(&flock_id) => {
                    return Err(flock_cycle(chain, flock_id));
                }
                Some(flock_id) => flock_id,
                None if visited.iter().any(|flock| flock == DEFAULT_FLOCK) => break,
                None => DEFAULT_FLOCK.to_owned(),
            };
            chain.push(flock_id.clone());
            visited.push(flock_id.clone());
            if let Some(flock) = self.store.flock_level(&flock_id).await? {
                next.clone_from(&flock.parent_flock_id);
                levels.push(flock_level(flock));
            }
        }
        let commands = self.active_commands().await?.for_client(client_id, &visited);
        Ok(ClientLevels { levels, followed_flock, is_private, flocks: visited, commands })
    }

    /// Returns a strategy by its slug or by its storyteller's name.
    pub(in crate::app) async fn strategy(
        &self,
        name: &str,
    ) -> Result<Option<Arc<Strategy>>, AppError> {
        let load = async { Ok(self.store.strategy(name).await?.map(Arc::new)) };
        self.caches.strategies.get(&self.store, name, load).await
    }

    /// Returns the strategy of a story.
    pub(in crate::app) async fn story_strategy(
        &self,
        story: &Story,
    ) -> Result<Arc<Strategy>, AppError> {
        let strategy = match self.strategy(&story.strategy).await? {
            Some(strategy) => Some(strategy),
            // The strategy was deleted, but its storyteller still exists.
            None => self.strategy(&story.storyteller).await?,
        };
        strategy.ok_or_else(|| AppError::internal("the story's strategy was deleted"))
    }

    /// Returns the inference model with this provider and this name at the provider, if admins configured one.
    pub(in crate::app) async fn model(
        &self,
        provider: &str,
        name: &str,
    ) -> Result<Option<Arc<ModelRow>>, AppError> {
        let load = async { Ok(self.store.model_by_name(provider, name).await?.map(Arc::new)) };
        self.caches.models.get(&self.store, &format!("{provider}/{name}"), load).await
    }

    /// Merges all levels. An unknown strategy in the request is an error. An unknown strategy in a configuration is
    /// replaced by the default and noted, so that the device still shows something.
    pub(in crate::app) async fn resolve(
        &self,
        overrides: &ConfigOverrides,
        story: Option<&Story>,
        levels: &ClientLevels,
        positions: &[SchedulePosition],
    ) -> Result<ResolvedConfig, AppError> {
        let mut cascade = client_cascade(overrides, levels, positions);
        if let Some(client_type) = cascade.get_str("client_type").map(|(name, _)| name.to_owned())
            && let Some(parameters) = self.client_type_parameters(&client_type).await?
        {
            cascade.push(LevelName::ClientType(client_type), Map::clone(&parameters));
        }
        let mut notes = Vec::new();
        let strategy = match story {
            Some(story) => self.story_strategy(story).await?,
            None => self.select_strategy(&cascade, &mut notes).await?,
        };
        cascade.push(LevelName::Strategy(strategy.slug.clone()), strategy.parameters.clone());
        Ok(ResolvedConfig { cascade, strategy, notes })
    }

    /// Returns what is in force for a client whose request sets nothing.
    pub(in crate::app) async fn resolve_current(
        &self,
        client_id: &str,
        levels: &ClientLevels,
    ) -> Result<CurrentConfig, AppError> {
        self.resolve_current_with(client_id, levels, &ConfigOverrides::default()).await
    }

    /// Returns what is in force for a client with these overrides. It does not move the client's schedules forward.
    pub(in crate::app) async fn resolve_current_with(
        &self,
        client_id: &str,
        levels: &ClientLevels,
        overrides: &ConfigOverrides,
    ) -> Result<CurrentConfig, AppError> {
        let rows = if levels.has_schedules() {
            self.store.schedule_states(client_id).await?
        } else {
            Vec::new()
        };
        let positions = levels.peek(&rows, self.clock.now());
        let resolved = self.resolve(overrides, None, levels, &positions).await?;
        Ok(CurrentConfig { positions, resolved })
    }

    async fn select_strategy(
        &self,
        cascade: &Cascade,
        notes: &mut Vec<String>,
    ) -> Result<Arc<Strategy>, AppError> {
        if let Some((name, level)) = cascade.get_str("strategy") {
            match self.strategy(name).await? {
                Some(strategy) => return Ok(strategy),
                None if *level == LevelName::Request => return Err(unknown_strategy(name)),
                None => notes.push(format!(
                    "The strategy {name}, which the {level} names, does not exist; {DEFAULT_STRATEGY} is used instead."
                )),
            }
        }
        self.strategy(DEFAULT_STRATEGY).await?.ok_or_else(|| unknown_strategy(DEFAULT_STRATEGY))
    }

    async fn client_type_parameters(
        &self,
        name: &str,
    ) -> Result<Option<Arc<Map<String, Value>>>, AppError> {
        let load = async { Ok(self.store.client_type_level(name).await?.map(Arc::new)) };
        self.caches.client_types.get(&self.store, name, load).await
    }
}

impl ClientLevels {
    /// Returns whether any level has a schedule.
    pub(in crate::app) fn has_schedules(&self) -> bool {
        self.levels.iter().any(|level| level.schedule.is_some())
    }

    /// Returns the positions of a client after a frame request, given its stored positions.
    pub(in crate::app) fn advance(
        &self,
        rows: &[ScheduleRow],
        now: DateTime<Utc>,
        sensed: Option<SensorEvent>,
    ) -> Vec<SchedulePosition> {
        self.positions(rows, |schedule, stored| {
            let state = schedule.advance(stored, now, sensed);
            let in_force = schedule.snapshot(&state, now);
            (state, in_force)
        })
    }

    /// Returns the positions of a client while its schedules stand still.
    pub(in crate::app) fn paused(
        &self,
        rows: &[ScheduleRow],
        now: DateTime<Utc>,
    ) -> Vec<SchedulePosition> {
        let unchanged = |position| SchedulePosition { is_changed: false, ..position };
        self.peek(rows, now).into_iter().map(unchanged).collect()
    }

    /// Returns the positions of a client that does not request a frame.
    pub(in crate::app) fn peek(
        &self,
        rows: &[ScheduleRow],
        now: DateTime<Utc>,
    ) -> Vec<SchedulePosition> {
        self.positions(rows, |schedule, stored| {
            let in_force = schedule.peek(stored, now);
            let state = stored.cloned().unwrap_or_else(|| schedule.advance(None, now, None));
            (state, in_force)
        })
    }

    fn positions(
        &self,
        rows: &[ScheduleRow],
        evaluate: impl Fn(&Schedule, Option<&ScheduleState>) -> (ScheduleState, ScheduleSnapshot),
    ) -> Vec<SchedulePosition> {
        let mut positions = Vec::new();
        for (index, level) in self.levels.iter().enumerate() {
            let Some(schedule) = &level.schedule else { continue };
            let name = level.name.to_string();
            let row = rows.iter().find(|row| row.level == name);
            // A state that cannot be parsed comes from another version of Calliope; the schedule starts again.
            let stored: Option<ScheduleState> =
                row.and_then(|row| serde_json::from_value(row.state.clone()).ok());
            let (state, in_force) = evaluate(schedule, stored.as_ref());
            let is_changed = stored.as_ref() != Some(&state);
            positions.push(SchedulePosition { level: index, state, in_force, is_changed });
        }
        positions
    }
}

impl ResolvedConfig {
    /// Returns the frame parameters in force.
    pub(in crate::app) fn parameters(&self) -> Map<String, Value> {
        let mut parameters = self.cascade.merged();
        parameters.remove("strategy");
        parameters.remove("client_type");
        parameters
    }
}

/// Returns the schedule that decides about sleep, durations and triggers: that of the highest level.
pub(in crate::app) fn effective_schedule(
    positions: &[SchedulePosition],
) -> Option<&ScheduleSnapshot> {
    positions.first().map(|position| &position.in_force)
}

fn client_cascade(
    overrides: &ConfigOverrides,
    levels: &ClientLevels,
    positions: &[SchedulePosition],
) -> Cascade {
    let mut cascade = Cascade::default();
    let mut request = overrides.parameters.clone();
    for (name, value) in
        [("strategy", &overrides.strategy), ("client_type", &overrides.client_type)]
    {
        if let Some(value) = value {
            request.insert(name.to_owned(), Value::String(value.clone()));
        }
    }
    cascade.push(LevelName::Request, request);
    for (index, level) in levels.levels.iter().enumerate() {
        if let Some(position) = positions.iter().find(|position| position.level == index) {
            let name = LevelName::Schedule(Box::new(level.name.clone()));
            cascade.push(name, position.in_force.parameters.clone());
        }
        cascade.push(level.name.clone(), level.parameters.clone());
    }
    cascade
}

fn sparrow_level(sparrow: SparrowLevel) -> ClientLevel {
    ClientLevel {
        name: LevelName::Sparrow,
        parameters: sparrow.parameters,
        keys: sparrow.keys,
        schedule: parse_stored_schedule(sparrow.schedule.as_ref(), &LevelName::Sparrow),
        frames_per_day: None,
        budget_per_day: sparrow.budget_per_day,
        is_learned_from: sparrow.is_learned_from,
    }
}

fn flock_level(flock: FlockLevel) -> ClientLevel {
    let name = LevelName::Flock(flock.flock_id);
    ClientLevel {
        schedule: parse_stored_schedule(flock.schedule.as_ref(), &name),
        name,
        parameters: flock.parameters,
        keys: flock.keys,
        frames_per_day: flock.frames_per_day,
        budget_per_day: flock.budget_per_day,
        is_learned_from: flock.is_learned_from,
    }
}

/// Parses a stored schedule. It was checked when it was stored; if it is invalid nevertheless, it is logged and
/// ignored, so that the device still shows something.
fn parse_stored_schedule(schedule: Option<&Value>, level: &LevelName) -> Option<Schedule> {
    match Schedule::parse(schedule?) {
        Ok(schedule) => Some(schedule),
        Err(error) => {
            tracing::error!(%level, %error, "stored schedule is invalid; ignoring it");
            None
        }
    }
}

/// Returns the error for a chain of flocks that comes back to `repeated`.
pub(in crate::app) fn flock_cycle(mut chain: Vec<String>, repeated: String) -> AppError {
    chain.push(repeated);
    let detail = format!(
        "The flocks form a cycle: {}. Remove the parent of one of them.",
        chain.join(" → ")
    );
    AppError::new(ErrorKind::Conflict, detail)
}

fn unknown_strategy(name: &str) -> AppError {
    let shown: String = name.chars().take(60).collect();
    let reason = format!("there is no strategy `{shown}`; GET /v1/config/strategy/ lists them");
    AppError::invalid("strategy", reason)
}
