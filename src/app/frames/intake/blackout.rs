//! Requests of a Sparrow during a blackout. No frame is told and no model is paid: the Sparrow gets a black picture.

use serde_json::Map;

use super::{AcceptedOrder, CheckedOrder, Intake, ScheduleAdvance, seconds_to_wake};
use crate::app::config::{blackouts, effective_schedule};
use crate::app::stories::{
    StoryResponse, StorySelector, StoryView, can_add_frames, generation_date,
};
use crate::app::{AppError, ErrorKind};
use crate::domain::{FrameParameters, LevelName};

/// How long a black frame stays if no schedule says otherwise, in seconds: as long as any other.
const DEFAULT_SECONDS: i32 = 20;

impl Intake {
    /// Answers an order of a client that is black: adds a completed task whose result is a black frame. Returns `None`
    /// if the client is not black. The input is not kept.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] if the order starts a new story, because no screen asks for that.
    pub(super) async fn answer_if_black(
        &self,
        checked: &CheckedOrder<'_>,
        advance: &ScheduleAdvance,
    ) -> Result<Option<AcceptedOrder>, AppError> {
        let blackouts = blackouts(&checked.levels.commands);
        let Some(level) = blackouts.first() else { return Ok(None) };
        if matches!(checked.order.story, StorySelector::New { .. }) {
            let of = name(level);
            let detail = format!(
                "A blackout of {of} is on; begin the story once an admin has ended it with the command resume."
            );
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        let client_id = &checked.order.client_id;
        let story = match self.find_last_story(checked, advance).await? {
            Some(story) => story,
            None => self.stories.current_or_new_story(client_id).await?,
        };
        let now = self.clock.now();
        let seconds = match effective_schedule(&advance.positions) {
            Some(schedule) if schedule.is_asleep => seconds_to_wake(schedule, now),
            Some(schedule) => {
                let seconds = schedule.min_duration_seconds.map(i32::try_from);
                seconds.and_then(Result::ok).unwrap_or(DEFAULT_SECONDS)
            }
            None => DEFAULT_SECONDS,
        };
        let parameters = FrameParameters::parse(&advance.resolved.parameters())?;
        let frame = self.pictures.black_frame(&parameters, seconds).await?;
        let may_add = can_add_frames(&story, client_id.as_str(), &checked.levels);
        let mut errors = advance.resolved.notes.clone();
        errors.push(format!("A blackout of {} is on, so no frame was told.", name(level)));
        let answer = StoryResponse {
            frames: vec![frame],
            story: StoryView::from_story(&story, may_add),
            request_id: checked.order.request_id.clone(),
            generation_date: generation_date(now),
            debug_data: Map::new(),
            errors,
        };
        self.insert_completed(checked, advance, &story, answer).await
    }
}

/// Returns the name of a level with a blackout, as it stands in an error message.
fn name(level: &LevelName) -> String {
    match level {
        LevelName::Sparrow => "this Sparrow".to_owned(),
        flock => format!("the {flock}"),
    }
}
