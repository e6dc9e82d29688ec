//! Taking an order for a frame: everything that can be refused is refused here, before anything is kept; then the
//! inputs are written, and one transaction decides the story and enqueues the task.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{App, AppError, ErrorKind, KEY_LIFE};
use crate::audio::AudioFormat;
use crate::domain::{ClientId, EventKind, ObjectKey, Parameters, TaskKind, TraceParent};
use crate::imaging;
use crate::store::{KeyUse, MediaObject, NewStory, NewTask, Story, Strategy, Tx};

/// The strategy for those who ask for none.
pub(super) const DEFAULT_STRATEGY: &str = "fern";

/// What a Sparrow asks for.
#[derive(Debug)]
pub struct FrameOrder {
    /// Who asks.
    pub client_id: ClientId,
    /// Which story to continue; a client's current one when absent.
    pub story_id: Option<String>,
    /// A strategy's slug or a storyteller's name.
    pub strategy: Option<String>,
    /// The frame parameters that were given, as they were given.
    pub parameters: Map<String, Value>,
    /// A photograph, encoded.
    pub image: Option<Bytes>,
    /// A recording.
    pub sound: Option<Sound>,
    /// The request's id, for the log and the answer.
    pub request_id: String,
    /// Where the request is in its trace, for the task to go on there.
    pub trace: Option<TraceParent>,
    /// The client's own mark of this request.
    pub key: Option<KeyUse>,
}

/// A recording.
#[derive(Debug)]
pub struct Sound {
    /// As it was sent.
    pub bytes: Bytes,
    /// Whether it is bare 16-bit little-endian mono PCM at 16 kHz, which has no header to know it by.
    pub is_pcm: bool,
}

/// An order that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ordered {
    /// The task that will tell the frame.
    pub task_id: Uuid,
    /// Whether this is an earlier order's task, found by its key.
    pub is_replay: bool,
}

/// A frame task's payload.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FrameJob {
    pub(super) request_id: String,
    /// [`TraceParent`], as its header has it.
    #[serde(default)]
    pub(super) traceparent: Option<String>,
    pub(super) client_id: String,
    /// Resolved: the request's over the strategy's.
    pub(super) parameters: Map<String, Value>,
    /// The key of the photograph.
    pub(super) image: Option<String>,
    /// The key of the recording.
    pub(super) sound: Option<String>,
}

/// A checked input that is about to be written.
struct Input {
    key: ObjectKey,
    media_type: &'static str,
    bytes: Bytes,
}

impl App {
    /// Takes an order: when this returns, its frame will be told, whatever happens to this process.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the order cannot be used, is for someone else's story, or there is no room; nothing has
    /// changed then.
    pub async fn order_frame(&self, order: FrameOrder) -> Result<Ordered, AppError> {
        if let Some(earlier) = self.earlier_order(order.key.as_ref()).await? {
            return Ok(earlier);
        }
        let parameters = Parameters::clean(&order.parameters)?;
        let order = FrameOrder { parameters, ..order };
        let story = self.asked_story(&order).await?;
        let strategy = self.asked_strategy(&order, story.as_ref()).await?;
        self.check_room().await?;
        let image = self.check_image(&order).await?;
        let sound = self.check_sound(&order)?;
        let inputs: Vec<Input> = [image, sound].into_iter().flatten().collect();
        let files = inputs.iter().map(|i| (i.key.clone(), i.bytes.clone())).collect();
        let keys = inputs.iter().map(|input| input.key.clone()).collect();
        self.objects.put_all(files).await?;
        match self.enqueue_frame(&order, story, &strategy, &inputs).await {
            Ok(Some((task_id, tx))) => {
                // Should the answer to this be lost, nobody knows whether it was saved: the files stay, and if they
                // belong to nothing the sweep removes them.
                tx.save().await?;
                Ok(Ordered { task_id, is_replay: false })
            }
            Err(error) => {
                self.objects.remove_all(keys).await;
                Err(error)
            }
            // The same key came in twice at once, and the other was first.
            Ok(None) => {
                self.objects.remove_all(keys).await;
                self.earlier_order(order.key.as_ref()).await?.ok_or_else(|| {
                    AppError::new(ErrorKind::Conflict, "This Idempotency-Key is in use; try again.")
                })
            }
        }
    }

    async fn earlier_order(&self, key: Option<&KeyUse>) -> Result<Option<Ordered>, AppError> {
        let Some(key) = key else { return Ok(None) };
        let Some(used) = self.store.used_key(key, self.clock.now() - KEY_LIFE).await? else {
            return Ok(None);
        };
        if used.fingerprint == key.fingerprint {
            return Ok(Some(Ordered { task_id: used.task_id, is_replay: true }));
        }
        let detail = "This Idempotency-Key came with another request before; use a new key for a new request.";
        Err(AppError::new(ErrorKind::Invalid, detail))
    }

    async fn asked_story(&self, order: &FrameOrder) -> Result<Option<Story>, AppError> {
        let Some(asked) = &order.story_id else { return Ok(None) };
        let story = self.find_story(asked).await?;
        if story.client_id == order.client_id.as_str() {
            return Ok(Some(story));
        }
        let detail = "This story was made for another Sparrow and can only be read; leave story_id out to begin your own.";
        Err(AppError::new(ErrorKind::NotYours, detail))
    }

    /// A story's own strategy wins over the one that was asked for.
    async fn asked_strategy(
        &self,
        order: &FrameOrder,
        story: Option<&Story>,
    ) -> Result<Strategy, AppError> {
        let asked = story.map(|story| &story.strategy).or(order.strategy.as_ref());
        let name = asked.map_or(DEFAULT_STRATEGY, String::as_str);
        self.store.strategy(name).await?.ok_or_else(|| {
            let shown: String = name.chars().take(60).collect();
            let reason =
                format!("there is no strategy `{shown}`; GET /v1/config/strategy/ lists them");
            AppError::invalid("strategy", reason)
        })
    }

    async fn check_room(&self) -> Result<(), AppError> {
        let most = i64::from(self.limits.max_waiting);
        if self.store.waiting_tasks(most).await? < most {
            return Ok(());
        }
        let detail = "Too many frames are waiting to be told; try again in a few seconds.";
        Err(AppError::new(ErrorKind::Busy, detail))
    }

    /// A picture is decoded once now, so that a broken one is refused while its sender still listens.
    async fn check_image(&self, order: &FrameOrder) -> Result<Option<Input>, AppError> {
        let Some(bytes) = order.image.clone() else { return Ok(None) };
        let looked = bytes.clone();
        let checked =
            self.compute.run(move || imaging::decode(&looked).map(|_| imaging::sniff(&looked)));
        let format = checked.await?.map_err(|error| AppError::invalid("input_image", error))?;
        let format =
            format.ok_or_else(|| AppError::internal("a picture of no format was decoded"))?;
        let key = self.input_key(order, format.extension());
        Ok(Some(Input { key, media_type: format.media_type(), bytes }))
    }

    fn check_sound(&self, order: &FrameOrder) -> Result<Option<Input>, AppError> {
        let Some(sound) = &order.sound else { return Ok(None) };
        let (extension, media_type) = if sound.is_pcm {
            ("pcm", "audio/pcm;rate=16000")
        } else {
            let format = AudioFormat::sniff(&sound.bytes).ok_or_else(|| {
                let reason = "is no sound that is known here; send WebM, Ogg, MP4/M4A, MP3, WAV or FLAC, or raw PCM with input_audio_format=audio/pcm;rate=16000";
                AppError::invalid("input_audio", reason)
            })?;
            (format.extension(), format.media_type())
        };
        let key = self.input_key(order, extension);
        Ok(Some(Input { key, media_type, bytes: sound.bytes.clone() }))
    }

    fn input_key(&self, order: &FrameOrder, extension: &'static str) -> ObjectKey {
        ObjectKey::input(&order.client_id, self.clock.now(), Uuid::now_v7(), extension)
    }

    /// All rows of an order, not yet saved; `None` when its idempotency key was used meanwhile.
    async fn enqueue_frame(
        &self,
        order: &FrameOrder,
        story: Option<Story>,
        strategy: &Strategy,
        inputs: &[Input],
    ) -> Result<Option<(Uuid, Tx)>, AppError> {
        let now = self.clock.now();
        let client_id = order.client_id.as_str();
        let objects = self.describe(client_id, inputs).await?;
        let mut tx = self.store.begin().await?;
        let current = tx.lock_client(client_id, now).await?;
        let story_id = match &story {
            Some(story) => story.id,
            None => self.story_for(&mut tx, client_id, current, strategy).await?,
        };
        if current != Some(story_id) {
            tx.set_current_story(client_id, Some(story_id), now).await?;
            if let Some(left) = current {
                tx.remove_empty_story(left).await?;
            }
        }
        for object in &objects {
            tx.keep_media_object(object).await?;
        }
        let key_of = |kind: &str| {
            let object = objects.iter().find(|object| object.content_type.starts_with(kind));
            object.map(|object| object.key.clone())
        };
        let job = FrameJob {
            request_id: order.request_id.clone(),
            traceparent: order.trace.map(|trace| trace.to_string()),
            client_id: client_id.to_owned(),
            parameters: Parameters::merge([&order.parameters, &strategy.parameters]),
            image: key_of("image/"),
            sound: key_of("audio/"),
        };
        let task = NewTask {
            id: Uuid::now_v7(),
            kind: TaskKind::TellFrame,
            lane: Some(format!("story {story_id}")),
            client_id: Some(client_id),
            story_id: Some(story_id),
            payload: &serde_json::to_value(job)?,
            now,
        };
        let task_id = task.id;
        tx.enqueue(task).await?;
        if let Some(key) = &order.key
            && !tx.use_key(key, task_id, now - KEY_LIFE, now).await?
        {
            return Ok(None);
        }
        let pending = serde_json::json!({"id": task_id, "status": "pending"});
        tx.tell(EventKind::Task, Some(client_id), Some(story_id), &pending, now).await?;
        Ok(Some((task_id, tx)))
    }

    /// The client's current story if it is of this strategy, or has nothing in it yet; else a new one.
    async fn story_for(
        &self,
        tx: &mut Tx,
        client_id: &str,
        current: Option<Uuid>,
        strategy: &Strategy,
    ) -> Result<Uuid, AppError> {
        let (slug, storyteller) = (&strategy.slug, &strategy.strategy_name);
        let current = match current {
            Some(id) => tx.story(id).await?,
            None => None,
        };
        if let Some(story) = current {
            if &story.strategy == slug {
                return Ok(story.id);
            }
            if story.frame_count == 0 && !tx.story_has_tasks(story.id).await? {
                tx.change_strategy(story.id, slug, storyteller).await?;
                return Ok(story.id);
            }
        }
        self.begin_story(tx, client_id, slug, storyteller).await
    }

    /// Creates an empty story for a client.
    pub(super) async fn begin_story(
        &self,
        tx: &mut Tx,
        client_id: &str,
        strategy: &str,
        storyteller: &str,
    ) -> Result<Uuid, AppError> {
        let (id, now) = (Uuid::now_v7(), self.clock.now());
        tx.create_story(NewStory { id, client_id, strategy, storyteller, now }).await?;
        Ok(id)
    }

    async fn describe(
        &self,
        client_id: &str,
        inputs: &[Input],
    ) -> Result<Vec<MediaObject>, AppError> {
        let mut objects = Vec::with_capacity(inputs.len());
        for input in inputs {
            let object = self.media_object(&input.key, "input", &input.bytes, input.media_type);
            objects.push(MediaObject { client_id: Some(client_id.to_owned()), ..object.await? });
        }
        Ok(objects)
    }
}
