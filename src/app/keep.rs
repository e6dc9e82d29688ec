//! Keeping a told frame, whose files are written: one transaction for all its rows and the end of its task.

use std::iter;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::answer::{FrameView, StoryResponse, StoryView, generation_date, with_newline};
use super::illustrate::{Illustrated, Rendered};
use super::tell::{Told, Work, metadata, prompts};
use super::{App, AppError, ErrorKind};
use crate::domain::{EventKind, slug_base, story_title};
use crate::store::{NewFrame, NewImage, Title, Tx};

/// How long a frame is shown at least, in seconds, when nothing says otherwise.
const MIN_DURATION: i32 = 20;

impl App {
    pub(super) async fn keep(&self, work: &Work<'_>, told: Told) -> Result<(), AppError> {
        match self.keep_rows(work, &told).await {
            // Should the answer to this be lost, nobody knows whether it was saved: the files stay, and if they belong
            // to nothing the sweep removes them.
            Ok(tx) => Ok(tx.save().await?),
            Err(error) => {
                let files = told.pictures.iter().flat_map(Illustrated::files);
                let mut keys: Vec<_> = files.map(|file| file.key.clone()).collect();
                keys.extend(told.narration.keys());
                self.objects.remove_all(keys).await;
                Err(error)
            }
        }
    }

    /// All rows of a frame and the end of its task, not yet saved.
    async fn keep_rows(&self, work: &Work<'_>, told: &Told) -> Result<Tx, AppError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let count = i32::try_from(told.telling.beats.len()).map_err(AppError::internal)?;
        let state = json!({"telling": told.telling.state, "memories": told.memories});
        let first = work.story.frame_count;
        if !tx.take_frame_numbers(work.story.id, (first, count), &state, now).await? {
            // A frame was taken back while this one was told after it; a story that is gone shows at the next attempt.
            let detail = "The story changed meanwhile; the frame is told anew.";
            return Err(AppError::new(ErrorKind::Unavailable, detail));
        }
        let metadata = metadata(work, told, &generation_date(now));
        let seen = told.perceived.seen.as_ref().map(|sight| &*sight.description);
        let said = [told.perceived.heard.as_deref(), work.parameters.input_text.as_deref()];
        let heard = Some(said.into_iter().flatten().collect::<Vec<_>>().join("\n"));
        let heard = heard.filter(|heard| !heard.is_empty());
        for (index, picture) in told.pictures.iter().enumerate() {
            keep_pictures(&mut tx, picture, now).await?;
            let beat = &told.telling.beats[index];
            let frame = NewFrame {
                story_id: work.story.id,
                number: first + i32::try_from(index).map_err(AppError::internal)?,
                text: beat.text.as_deref(),
                image_id: Some(picture.original.id),
                device_image_id: Some(picture.for_device().id),
                illustration: beat.illustration.words(),
                seen: seen.filter(|_| index == 0),
                heard: heard.as_deref().filter(|_| index == 0),
                language: prompts(&work.strategy).language,
                min_duration_seconds: min_duration(work),
                trigger_condition: work.job.trigger_condition.as_ref(),
                metadata: &metadata,
                state_before: if index == 0 { &work.story.state } else { &state },
                now,
            };
            let number = frame.number;
            tx.add_frame(frame).await?;
            if let Some(voiced) = told.narration.of(index) {
                voiced.keep(&mut tx, (work.story.id, number), now).await?;
            }
            let film = told.films.then_some(picture.original.id);
            self.index_later(&mut tx, work.story.id, number).await?;
            self.order_beside(&mut tx, work, (index, number), (&told.narration, film)).await?;
            let number = json!({"number": number});
            let client_id = Some(work.story.client_id.as_str());
            tx.tell(EventKind::Frame, client_id, Some(work.story.id), number, now);
        }
        if let Some(thumbnail) = told.pictures.iter().find_map(|p| p.thumbnail.as_ref()) {
            tx.set_thumbnail(work.story.id, thumbnail.id).await?;
        }
        if let Some(lessons) = &told.lessons {
            self.remember_later(&mut tx, lessons).await?;
        }
        let name = name_story(&mut tx, work, told, now).await?;
        if self.storage.input_retention == 0 {
            self.let_inputs_go(&mut tx, work).await?;
        }
        let answer = answer(work, told, &metadata, name, first + count, now)?;
        self.end_task(tx, work, &answer, now).await
    }

    /// Has what was sent for the frame removed with the transaction that keeps the frame.
    async fn let_inputs_go(&self, tx: &mut Tx, work: &Work<'_>) -> Result<(), AppError> {
        let sent = [&work.job.image, &work.job.sound, &work.job.video];
        let keys: Vec<&str> = sent.into_iter().flatten().map(String::as_str).collect();
        let gone = tx.remove_media_objects(&keys).await?;
        self.remove_files_later(tx, gone).await
    }

    /// The last statement: it fails when another worker took the task over, and then all of the above is undone.
    async fn end_task(
        &self,
        mut tx: Tx,
        work: &Work<'_>,
        answer: &Value,
        now: DateTime<Utc>,
    ) -> Result<Tx, AppError> {
        let story_id = Some(work.story.id);
        let client_id = Some(work.story.client_id.as_str());
        let ended = json!({"id": work.task.id, "status": "completed"});
        tx.tell(EventKind::Task, client_id, story_id, ended, now);
        if !tx.complete(work.task.id, work.owner, answer, now).await? {
            return Err(AppError::new(ErrorKind::Conflict, "Another worker took the frame over."));
        }
        Ok(tx)
    }
}

fn min_duration(work: &Work<'_>) -> i32 {
    let asked = work.job.min_duration_seconds;
    asked.and_then(|seconds| i32::try_from(seconds).ok()).unwrap_or(MIN_DURATION)
}

impl Illustrated {
    fn for_device(&self) -> &Rendered {
        self.device.as_ref().unwrap_or(&self.original)
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &Rendered> {
        iter::once(&self.original).chain(&self.device).chain(&self.thumbnail)
    }
}

pub(super) async fn keep_pictures(
    tx: &mut Tx,
    picture: &Illustrated,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    for file in picture.files() {
        tx.keep_media_object(&file.object).await?;
        let image = NewImage {
            id: file.id,
            media_key: &file.object.key,
            width: file.view.width,
            height: file.view.height,
            format: &file.view.format,
            now,
        };
        tx.add_image(image).await?;
    }
    Ok(())
}

/// What a story is called; empty until it has a text.
#[derive(Default)]
struct Name {
    title: String,
    slug: String,
}

/// A story takes its name from its first text. Returns the name in force.
async fn name_story(
    tx: &mut Tx,
    work: &Work<'_>,
    told: &Told,
    now: DateTime<Utc>,
) -> Result<Name, AppError> {
    if let Some(slug) = &work.story.slug {
        return Ok(Name { title: work.story.title.clone(), slug: slug.clone() });
    }
    let Some(text) = told.telling.beats.iter().find_map(|beat| beat.text.as_deref()) else {
        return Ok(Name::default());
    };
    let title = story_title(text);
    let base = slug_base(&title);
    let slug = tx.name_story(work.story.id, Title { title: &title, slug_base: &base }).await?;
    let named = json!({"title": title, "slug": slug});
    let client_id = Some(work.story.client_id.as_str());
    tx.tell(EventKind::Story, client_id, Some(work.story.id), named, now);
    Ok(Name { title, slug })
}

/// The answer is part of the task, so that whoever waits for it, and whoever asks again, gets the same.
fn answer(
    work: &Work<'_>,
    told: &Told,
    metadata: &Value,
    name: Name,
    frame_count: i32,
    now: DateTime<Utc>,
) -> Result<Value, AppError> {
    let story = &work.story;
    let mut frames = Vec::with_capacity(told.pictures.len());
    let trigger = work.job.trigger_condition.as_ref();
    let trigger = trigger.map(serde_json::value::to_raw_value).transpose()?;
    for (index, (beat, picture)) in told.telling.beats.iter().zip(&told.pictures).enumerate() {
        frames.push(FrameView {
            text: beat.text.as_deref().map(with_newline),
            image: Some(picture.for_device().view.clone()),
            source_image: Some(picture.original.view.clone()),
            video: None,
            audio: told.narration.of(index).map(|voiced| voiced.view.clone()),
            min_duration_seconds: min_duration(work),
            trigger_condition: trigger.clone(),
            metadata: serde_json::value::to_raw_value(metadata)?,
        });
    }
    frames.extend(told.again.clone());
    let answer = StoryResponse {
        frames,
        story: StoryView {
            slug: name.slug,
            story_frame_count: frame_count,
            date_updated: now.date_naive(),
            ..StoryView::of(story, true)
        },
        request_id: work.job.request_id.clone(),
        generation_date: generation_date(now),
        debug_data: debug_data(work, told, &name.title),
        errors: told.notes.clone(),
    };
    Ok(serde_json::to_value(answer)?)
}

fn debug_data(work: &Work<'_>, told: &Told, title: &str) -> Map<String, Value> {
    if work.parameters.debug != Some(true) {
        return Map::new();
    }
    let seen = told.perceived.seen.as_ref();
    let mut debug = Map::new();
    let mut put = |name: &str, value: Value| debug.insert(name.to_owned(), value);
    put("story_id", json!(work.story.id));
    put("story_title", json!(title));
    put("thoth_link", Value::Null);
    put("i_see", json!(seen.map(|sight| &sight.description)));
    put("image_analysis", json!(seen));
    put("i_hear", json!(told.perceived.heard));
    put(&work.strategy.strategy_name, told.telling.state.clone());
    debug
}
