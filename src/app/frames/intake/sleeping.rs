//! Requests of a Sparrow that sleeps by its schedule. No new frame is told: the Sparrow gets its last one again, to
//! show until it wakes.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Map;

use super::{AcceptedOrder, CheckedOrder, Intake, ScheduleAdvance, build_job};
use crate::app::AppError;
use crate::app::config::effective_schedule;
use crate::app::frames::stored::StoredStoryResponse;
use crate::app::jobs::Subject;
use crate::app::stories::{
    FrameView, StoryResponse, StorySelector, StoryView, can_add_frames, generation_date,
};
use crate::domain::{FrameParameters, ScheduleSnapshot};
use crate::store::Story;

/// Maximum time that a device is told to sleep. After it the device asks again, because its schedule may have changed.
const MAX_SLEEP: TimeDelta = TimeDelta::hours(24);

/// Returns how long a sleeping device shows its frame, in seconds: from 1 second to 24 hours.
pub(in crate::app::frames) fn seconds_to_wake(
    schedule: &ScheduleSnapshot,
    now: DateTime<Utc>,
) -> i32 {
    let until = schedule.next_wake_at.map_or(MAX_SLEEP, |wake| (wake - now).min(MAX_SLEEP));
    // Rounded up, because a device that wakes slightly early would ask again and again.
    let seconds = (until + TimeDelta::milliseconds(999)).num_seconds().max(1);
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

impl Intake {
    /// Answers an order of a client that sleeps: adds a completed task whose result is the last frame. Returns `None`
    /// if a frame must be told: the client is awake, it has no frame yet (no device is left blank), or the order starts
    /// a new story (no sleeping device does that).
    pub(super) async fn answer_if_asleep(
        &self,
        checked: &CheckedOrder<'_>,
        advance: &ScheduleAdvance,
    ) -> Result<Option<AcceptedOrder>, AppError> {
        if matches!(checked.order.story, StorySelector::New { .. }) {
            return Ok(None);
        }
        let Some(schedule) =
            effective_schedule(&advance.positions).filter(|schedule| schedule.is_asleep)
        else {
            return Ok(None);
        };
        let Some(story) = self.find_last_story(checked, advance).await? else { return Ok(None) };
        let Some(answer) = self.repeat_last_frame(checked, advance, schedule, &story).await? else {
            return Ok(None);
        };
        self.insert_completed(checked, advance, &story, answer).await
    }

    /// Returns the story that the order is for, or else the client's current one; `None` if the client has none.
    pub(super) async fn find_last_story(
        &self,
        checked: &CheckedOrder<'_>,
        advance: &ScheduleAdvance,
    ) -> Result<Option<Story>, AppError> {
        if let Some(story) = &checked.story {
            return Ok(Some(story.clone()));
        }
        let client_id = checked.order.client_id.as_str();
        self.stories
            .find_current_story(client_id, &checked.levels, &advance.resolved.strategy.slug)
            .await
    }

    async fn repeat_last_frame(
        &self,
        checked: &CheckedOrder<'_>,
        advance: &ScheduleAdvance,
        schedule: &ScheduleSnapshot,
        story: &Story,
    ) -> Result<Option<StoryResponse>, AppError> {
        let Some(newest) = self.store.newest_frame(story.id).await? else { return Ok(None) };
        let client_id = checked.order.client_id.as_str();
        let parameters = FrameParameters::parse(&advance.resolved.parameters())?;
        let image = self.pictures.rendition(client_id, &newest, &parameters).await?;
        let now = self.clock.now();
        let frame = FrameView {
            image,
            min_duration_seconds: seconds_to_wake(schedule, now),
            trigger_condition: match &schedule.trigger_condition {
                Some(trigger) => {
                    Some(serde_json::value::to_raw_value(trigger).map_err(AppError::internal)?)
                }
                None => None,
            },
            ..FrameView::from_row(newest.frame)
        };
        let may_add = can_add_frames(story, client_id, &checked.levels);
        Ok(Some(StoryResponse {
            frames: vec![frame],
            story: StoryView::from_story(story, may_add),
            request_id: checked.order.request_id.clone(),
            generation_date: generation_date(now),
            debug_data: Map::new(),
            errors: advance.resolved.notes.clone(),
        }))
    }

    /// Adds a task that is completed with an answer.
    pub(super) async fn insert_completed(
        &self,
        checked: &CheckedOrder<'_>,
        advance: &ScheduleAdvance,
        story: &Story,
        answer: StoryResponse,
    ) -> Result<Option<AcceptedOrder>, AppError> {
        let now = self.clock.now();
        let client_id = checked.order.client_id.as_str();
        let mut tx = self.store.begin().await?;
        tx.lock_seen_client(client_id, now).await?;
        // If another request moved the schedules first, it saved the positions itself.
        self.save_positions(&mut tx, checked, advance, now).await?;
        let subject = Subject { client_id: Some(client_id), story_id: Some(story.id) };
        let result = StoredStoryResponse::from(answer).to_value()?;
        let job = build_job(checked, advance);
        let task_id = self.jobs.insert_completed(&mut tx, subject, &job, &result).await?;
        if let Some(key) = &checked.order.idempotency_key
            && !self.idempotency.claim_for_task(&mut tx, key, task_id).await?
        {
            drop(tx);
            return self.find_replay(Some(key)).await;
        }
        tx.save().await?;
        Ok(Some(AcceptedOrder { task_id, is_replay: false, is_pending: false }))
    }
}
