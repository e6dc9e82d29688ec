//! The levels of a client's configuration, read once and kept until one of them changes; and what they come to,
//! with what a request asks for above them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::Config;
use crate::app::{AppError, ErrorKind};
use crate::domain::{Cascade, LevelName, Schedule, ScheduleSnapshot, ScheduleState, SensorEvent};
use crate::store::{FlockLevel, ModelRow, ScheduleRow, SparrowLevel, Story, Strategy};

/// The strategy for those who ask for none, and whose configuration names none.
pub(in crate::app) const DEFAULT_STRATEGY: &str = "fern";

/// The flock that every Sparrow is in at last.
pub(in crate::app) const DEFAULT_FLOCK: &str = "default";

/// One level of a client's own configuration.
#[derive(Debug)]
pub(in crate::app) struct ClientLevel {
    pub(in crate::app) name: LevelName,
    pub(in crate::app) parameters: Map<String, Value>,
    pub(in crate::app) keys: Map<String, Value>,
    pub(in crate::app) schedule: Option<Schedule>,
    /// How many frames a day, where the level is a flock's with a limit.
    pub(in crate::app) frames_per_day: Option<i32>,
    /// How many US dollars models may cost in a day.
    pub(in crate::app) budget_per_day: Option<f64>,
    /// Whether anything may be learned.
    pub(in crate::app) is_learned_from: bool,
}

/// A client's own configuration and its flocks', the highest first.
#[derive(Debug, Default)]
pub(in crate::app) struct ClientLevels {
    pub(in crate::app) levels: Vec<ClientLevel>,
    /// The flock whose story the client shares.
    pub(in crate::app) followed_flock: Option<String>,
}

/// What is asked for above a client's configuration.
#[derive(Debug, Clone, Default)]
pub(in crate::app) struct ConfigOverrides {
    pub(in crate::app) parameters: Map<String, Value>,
    pub(in crate::app) strategy: Option<String>,
    pub(in crate::app) client_type: Option<String>,
}

/// What it all comes to.
#[derive(Debug, Clone)]
pub(in crate::app) struct ResolvedConfig {
    pub(in crate::app) cascade: Cascade,
    pub(in crate::app) strategy: Arc<Strategy>,
    /// Sentences for the frame's `errors`.
    pub(in crate::app) notes: Vec<String>,
}

/// What is in force for a client that asks for no frame.
pub(in crate::app) struct CurrentConfig {
    pub(in crate::app) positions: Vec<SchedulePosition>,
    pub(in crate::app) resolved: ResolvedConfig,
}

/// Where a client stands on one of its schedules.
#[derive(Debug, Clone)]
pub(in crate::app) struct SchedulePosition {
    /// Which of [`ClientLevels::levels`] the schedule belongs to.
    pub(in crate::app) level: usize,
    pub(in crate::app) state: ScheduleState,
    pub(in crate::app) in_force: ScheduleSnapshot,
    /// Whether the state differs from the one that is kept.
    pub(in crate::app) is_changed: bool,
}

impl Config {
    /// The levels of a client's configuration.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] with the chain spelled out when flocks go round in a loop.
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
        let follows = sparrow
            .as_ref()
            .filter(|s| s.follow_parent_story)
            .and_then(|s| s.parent_flock_id.clone());
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
        Ok(ClientLevels { levels, followed_flock: follows })
    }

    /// A strategy by its slug, or by its storyteller's name.
    pub(in crate::app) async fn strategy(
        &self,
        name: &str,
    ) -> Result<Option<Arc<Strategy>>, AppError> {
        let load = async { Ok(self.store.strategy(name).await?.map(Arc::new)) };
        self.caches.strategies.get(&self.store, name, load).await
    }

    /// The strategy that a story is told with.
    pub(in crate::app) async fn story_strategy(
        &self,
        story: &Story,
    ) -> Result<Arc<Strategy>, AppError> {
        let strategy = match self.strategy(&story.strategy).await? {
            Some(strategy) => Some(strategy),
            // The strategy was deleted; its storyteller is still here.
            None => self.strategy(&story.storyteller).await?,
        };
        strategy.ok_or_else(|| AppError::internal("the story's strategy was deleted"))
    }

    /// A model by its provider and its name there, if admins configured it.
    pub(in crate::app) async fn model(
        &self,
        provider: &str,
        name: &str,
    ) -> Result<Option<Arc<ModelRow>>, AppError> {
        let load = async { Ok(self.store.model_by_name(provider, name).await?.map(Arc::new)) };
        self.caches.models.get(&self.store, &format!("{provider}/{name}"), load).await
    }

    /// Lays all levels over each other. A strategy that the request names must be there; one that only a
    /// configuration names and that is gone must not leave a device dark.
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

    /// What is in force for a client that asks for nothing.
    pub(in crate::app) async fn resolve_current(
        &self,
        client_id: &str,
        levels: &ClientLevels,
    ) -> Result<CurrentConfig, AppError> {
        self.resolve_current_with(client_id, levels, &ConfigOverrides::default()).await
    }

    /// What is in force for a client that asks for this, and for no frame.
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
                    "The strategy {name}, which the {level} names, is gone; {DEFAULT_STRATEGY} took its place."
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
    /// Whether there is any schedule to stand on.
    pub(in crate::app) fn has_schedules(&self) -> bool {
        self.levels.iter().any(|level| level.schedule.is_some())
    }

    /// Where a client stands after a request for a frame, by where it stood.
    pub(in crate::app) fn advance(
        &self,
        rows: &[ScheduleRow],
        now: DateTime<Utc>,
        sensed: Option<SensorEvent>,
    ) -> Vec<SchedulePosition> {
        self.positions(rows, |schedule, kept| {
            let state = schedule.advance(kept, now, sensed);
            let in_force = schedule.snapshot(&state, now);
            (state, in_force)
        })
    }

    /// Where a client stands that asks for no frame.
    pub(in crate::app) fn peek(
        &self,
        rows: &[ScheduleRow],
        now: DateTime<Utc>,
    ) -> Vec<SchedulePosition> {
        self.positions(rows, |schedule, kept| {
            let in_force = schedule.peek(kept, now);
            let state = kept.cloned().unwrap_or_else(|| schedule.advance(None, now, None));
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
            // A state that cannot be read is of another version: the schedule begins anew.
            let kept: Option<ScheduleState> =
                row.and_then(|row| serde_json::from_value(row.state.clone()).ok());
            let (state, in_force) = evaluate(schedule, kept.as_ref());
            let is_new = kept.as_ref() != Some(&state);
            positions.push(SchedulePosition { level: index, state, in_force, is_changed: is_new });
        }
        positions
    }
}

impl ResolvedConfig {
    /// The frame parameters in force.
    pub(in crate::app) fn parameters(&self) -> Map<String, Value> {
        let mut parameters = self.cascade.merged();
        parameters.remove("strategy");
        parameters.remove("client_type");
        parameters
    }
}

/// The nearest schedule decides how long a frame stays, what is waited for, and whether the device sleeps.
pub(in crate::app) fn effective_schedule(
    positions: &[SchedulePosition],
) -> Option<&ScheduleSnapshot> {
    positions.first().map(|standing| &standing.in_force)
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

/// A schedule is checked when it is stored; one that cannot be followed all the same must not leave a device dark.
fn parse_stored_schedule(schedule: Option<&Value>, level: &LevelName) -> Option<Schedule> {
    match Schedule::parse(schedule?) {
        Ok(schedule) => Some(schedule),
        Err(error) => {
            tracing::error!(%level, %error, "a stored schedule cannot be followed and is left out");
            None
        }
    }
}

pub(in crate::app) fn flock_cycle(mut chain: Vec<String>, again: String) -> AppError {
    chain.push(again);
    let detail = format!(
        "The flocks go round in a loop: {}. One of them must leave its parent.",
        chain.join(" → ")
    );
    AppError::new(ErrorKind::Conflict, detail)
}

fn unknown_strategy(name: &str) -> AppError {
    let shown: String = name.chars().take(60).collect();
    let reason = format!("there is no strategy `{shown}`; GET /v1/config/strategy/ lists them");
    AppError::invalid("strategy", reason)
}
