//! The files of a frame request, checked before anything is stored.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use super::FrameOrder;
use crate::app::AppError;
use crate::app::files::Files;
use crate::app::frames::large_picture::is_large;
use crate::audio::{self, AudioFormat, PcmFormat, SoundFormat, VideoFormat};
use crate::compute::{Compute, DecodePurpose, Decoding};
use crate::domain::{Clock, ObjectKey};
use crate::imaging;
use crate::store::{MediaObject, Tx};

/// A recording that came with a frame request.
#[derive(Debug)]
pub struct AudioInput {
    /// The recording as it was sent.
    pub bytes: Bytes,
    /// The format of raw PCM, which no header identifies; `None` for a file.
    pub pcm: Option<PcmFormat>,
}

/// An input that was checked and is not written yet.
pub(super) struct Input {
    pub(super) key: ObjectKey,
    pub(super) bytes: Bytes,
    media_type: &'static str,
}

/// Checks and writes the files of frame requests.
#[derive(Debug)]
pub(super) struct Inputs {
    clock: Arc<dyn Clock>,
    compute: Compute,
    files: Arc<Files>,
}

impl Inputs {
    pub(super) fn new(clock: Arc<dyn Clock>, compute: Compute, files: Arc<Files>) -> Self {
        Self { clock, compute, files }
    }

    /// Checks every input of an order, and gives each a key.
    pub(super) async fn check(&self, order: &FrameOrder) -> Result<Vec<Input>, AppError> {
        let image = self.check_image(order).await?;
        let sound = self.check_sound(order).await?;
        let video = self.check_video(order)?;
        let inputs: Vec<Input> = [image, sound, video].into_iter().flatten().collect();
        let size = inputs.iter().map(|input| input.bytes.len()).sum();
        self.files.check_quota(order.client_id.as_str(), size).await?;
        Ok(inputs)
    }

    /// Checks the photograph. It is decoded once here, so that a broken one is refused while the client still waits for
    /// the answer.
    async fn check_image(&self, order: &FrameOrder) -> Result<Option<Input>, AppError> {
        let Some(bytes) = order.image.clone() else { return Ok(None) };
        let copy = bytes.clone();
        let decoding = Decoding {
            client_id: order.client_id.as_str(),
            is_large: is_large(&bytes),
            purpose: DecodePurpose::Check,
        };
        let checked = self
            .compute
            .decode(decoding, move || imaging::decode(&copy).map(|_| imaging::sniff(&copy)));
        let format = checked.await?.map_err(|error| AppError::invalid("input_image", error))?;
        let format =
            format.ok_or_else(|| AppError::internal("the decoded picture has no known format"))?;
        let key = self.input_key(order, format.extension());
        Ok(Some(Input { key, media_type: format.media_type(), bytes }))
    }

    /// Checks the recording. Raw PCM with two channels becomes a WAV file, because a key cannot say that it has two.
    async fn check_sound(&self, order: &FrameOrder) -> Result<Option<Input>, AppError> {
        let Some(sound) = &order.sound else { return Ok(None) };
        let format = SoundFormat::detect(&sound.bytes, sound.pcm).ok_or_else(|| {
            let reason = "is not a supported audio format, or not complete; send WebM, Ogg, MP4/M4A, MP3, WAV or FLAC, or raw PCM with input_audio_format=audio/pcm;rate=16000";
            AppError::invalid("input_audio", reason)
        })?;
        let bytes = sound.bytes.clone();
        let (format, bytes) = match format {
            SoundFormat::Pcm(pcm) if pcm != PcmFormat::MONO => {
                let wav = self.compute.run(move || audio::pcm_to_wav(&bytes, pcm)).await?;
                (SoundFormat::File(AudioFormat::Wav), wav.into())
            }
            format => (format, bytes),
        };
        let key = self.input_key(order, format.extension());
        Ok(Some(Input { key, media_type: format.media_type(), bytes }))
    }

    fn check_video(&self, order: &FrameOrder) -> Result<Option<Input>, AppError> {
        let Some(bytes) = &order.video else { return Ok(None) };
        let (extension, media_type) = match VideoFormat::sniff(bytes) {
            Some(VideoFormat::Mp4) => ("mp4", "video/mp4"),
            Some(VideoFormat::Webm) => ("webm", "video/webm"),
            None => return Err(AppError::invalid("snippets", "a video must be MP4 or WebM")),
        };
        let key = self.input_key(order, extension);
        Ok(Some(Input { key, media_type, bytes: bytes.clone() }))
    }

    fn input_key(&self, order: &FrameOrder, extension: &'static str) -> ObjectKey {
        ObjectKey::input(&order.client_id, self.clock.now(), Uuid::now_v7(), extension)
    }

    /// Writes checked inputs where every instance can read them, and returns their rows.
    pub(super) async fn write(
        &self,
        client_id: &str,
        inputs: &[Input],
    ) -> Result<Vec<MediaObject>, AppError> {
        let mut objects = Vec::with_capacity(inputs.len());
        for input in inputs {
            let object =
                self.files.build_media_object(&input.key, "input", &input.bytes, input.media_type);
            objects.push(MediaObject { client_id: Some(client_id.to_owned()), ..object.await? });
        }
        let files = inputs.iter().map(|i| (i.key.clone(), i.bytes.clone())).collect();
        self.files.write_inputs(files, objects).await
    }

    /// Checks in the transaction that accepts an order that its inputs are within the client's quota.
    pub(super) async fn enforce_quota(
        &self,
        tx: &mut Tx,
        client_id: &str,
        objects: &[MediaObject],
    ) -> Result<(), AppError> {
        self.files.enforce_quota(tx, client_id, objects).await
    }

    /// Removes the inputs of an order that was not accepted.
    pub(super) async fn discard(&self, inputs: Vec<Input>) {
        self.files.discard(inputs.into_iter().map(|input| input.key).collect()).await;
    }
}
