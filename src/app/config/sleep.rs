//! What is in force in the schedule that decides whether a Sparrow or a flock sleeps.

use super::Config;
use super::resolve::{DEFAULT_FLOCK, effective_schedule};
use crate::app::AppError;
use crate::domain::{Schedule, ScheduleSnapshot};

impl Config {
    /// Returns what is in force in the schedule that decides whether a client sleeps; `None` without a schedule.
    pub(in crate::app) async fn schedule_of_client(
        &self,
        client_id: &str,
    ) -> Result<Option<ScheduleSnapshot>, AppError> {
        let levels = self.levels(client_id).await?;
        if !levels.has_schedules() {
            return Ok(None);
        }
        let rows = self.store.schedule_states(client_id).await?;
        let positions = levels.peek(&rows, self.clock.now());
        Ok(effective_schedule(&positions).cloned())
    }

    /// Returns what is in force in the weekly schedule of a flock or, if it has none, of the flock above it; `None`
    /// without one. A schedule of steps does not count, because each member is at a step of its own.
    pub(in crate::app) async fn schedule_of_flock(
        &self,
        flock_id: &str,
    ) -> Result<Option<ScheduleSnapshot>, AppError> {
        let mut next = Some(flock_id.to_owned());
        let mut visited: Vec<String> = Vec::new();
        while let Some(flock_id) = next {
            let flock = self.store.flock_level(&flock_id).await?;
            let schedule = flock.as_ref().and_then(|flock| flock.schedule.as_ref());
            if let Some(schedule @ Schedule::Weekly(_)) =
                schedule.and_then(|schedule| Schedule::parse(schedule).ok())
            {
                return Ok(Some(schedule.peek(None, self.clock.now())));
            }
            visited.push(flock_id);
            let parent = flock.and_then(|flock| flock.parent_flock_id);
            let parent = parent.or_else(|| Some(DEFAULT_FLOCK.to_owned()));
            next = parent.filter(|parent| !visited.contains(parent));
        }
        Ok(None)
    }
}
