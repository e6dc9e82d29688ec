//! A Sparrow whose schedule has it sleep is told no new frame: it gets its last one again, to be shown until it wakes.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Map;

use super::{Checked, Intake, Ordered, Turn, job};
use crate::app::AppError;
use crate::app::config::decisive;
use crate::app::frames::stored::StoredAnswer;
use crate::app::jobs::Subject;
use crate::app::stories::{
    FrameView, StoryResponse, StoryView, WhichStory, generation_date, may_add,
};
use crate::domain::{InForce, Parameters};
use crate::store::Story;

/// The longest that a device is told to sleep: it comes back to ask whether its schedule was changed.
const LONGEST: TimeDelta = TimeDelta::hours(24);

/// How long a sleeping device shows its frame, in seconds.
pub(in crate::app::frames) fn seconds_to_wake(in_force: &InForce, now: DateTime<Utc>) -> i32 {
    let until = in_force.next_wake_at.map_or(LONGEST, |wake| (wake - now).min(LONGEST));
    // A moment more than none: what woke a little early would ask again and again.
    let seconds = (until + TimeDelta::milliseconds(999)).num_seconds().max(1);
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

impl Intake {
    /// Ends an order for a client that sleeps: its task is done at once, and its frame is the last one. A client
    /// that has no frame yet is told its first one all the same, for no device is left blank, and so is who asks for a
    /// new story: no sleeping device does.
    pub(super) async fn if_asleep(
        &self,
        checked: &Checked<'_>,
        turn: &Turn,
    ) -> Result<Option<Ordered>, AppError> {
        if matches!(checked.order.story, WhichStory::New { .. }) {
            return Ok(None);
        }
        let Some(in_force) = decisive(&turn.standings).filter(|in_force| in_force.asleep) else {
            return Ok(None);
        };
        let Some(story) = self.last_story(checked, turn).await? else { return Ok(None) };
        let Some(answer) = self.last_frame(checked, turn, in_force, &story).await? else {
            return Ok(None);
        };
        self.end_at_once(checked, turn, &story, answer).await
    }

    async fn last_story(
        &self,
        checked: &Checked<'_>,
        turn: &Turn,
    ) -> Result<Option<Story>, AppError> {
        if let Some(story) = &checked.story {
            return Ok(Some(story.clone()));
        }
        let client_id = checked.order.client_id.as_str();
        self.stories.story_of(client_id, &checked.levels, &turn.settled.strategy.slug).await
    }

    async fn last_frame(
        &self,
        checked: &Checked<'_>,
        turn: &Turn,
        in_force: &InForce,
        story: &Story,
    ) -> Result<Option<StoryResponse>, AppError> {
        let Some(newest) = self.store.newest_frame(story.id).await? else { return Ok(None) };
        let client_id = checked.order.client_id.as_str();
        let parameters = Parameters::read(&turn.settled.parameters())?;
        let image = self.pictures.rendition(client_id, &newest, &parameters).await?;
        let now = self.clock.now();
        let frame = FrameView {
            image,
            min_duration_seconds: seconds_to_wake(in_force, now),
            trigger_condition: match &in_force.trigger_condition {
                Some(trigger) => {
                    Some(serde_json::value::to_raw_value(trigger).map_err(AppError::internal)?)
                }
                None => None,
            },
            ..FrameView::of(newest.frame)
        };
        let may_add = may_add(story, client_id, &checked.levels);
        Ok(Some(StoryResponse {
            frames: vec![frame],
            story: StoryView::of(story, may_add),
            request_id: checked.order.request_id.clone(),
            generation_date: generation_date(now),
            debug_data: Map::new(),
            errors: turn.settled.notes.clone(),
        }))
    }

    async fn end_at_once(
        &self,
        checked: &Checked<'_>,
        turn: &Turn,
        story: &Story,
        answer: StoryResponse,
    ) -> Result<Option<Ordered>, AppError> {
        let now = self.clock.now();
        let client_id = checked.order.client_id.as_str();
        let mut tx = self.store.begin().await?;
        tx.lock_client(client_id, now).await?;
        tx.note_seen(client_id, now).await?;
        // Should another request have moved the schedule meanwhile, it has noted that itself.
        self.note_standings(&mut tx, checked, turn, now).await?;
        let subject = Subject { client_id: Some(client_id), story_id: Some(story.id) };
        let result = StoredAnswer::from(answer).to_value()?;
        let job = job(checked, turn);
        let task_id = self.jobs.add_completed(&mut tx, subject, &job, &result).await?;
        if let Some(key) = &checked.order.key
            && !self.idempotency.take_for_task(&mut tx, key, task_id).await?
        {
            drop(tx);
            return self.earlier_order(Some(key)).await;
        }
        tx.save().await?;
        Ok(Some(Ordered { task_id, is_replay: false }))
    }
}
