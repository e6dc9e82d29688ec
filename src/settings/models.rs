//! Models: which are used if a strategy leaves the choice, how long they may take, and what they may cost.

use serde::{Deserialize, Serialize};

use super::ValidationError;

/// The settings of models. Each model is a `provider/name`, such as `openai/gpt-4.1-mini`.
///
/// A model that is not set is OpenAI's default if `providers.openai_api_key` is set. With `providers.openai_base_url`
/// and no key, or with a model of that server that is not OpenAI's, text uses the server's model and the others are not
/// set. Without any model, the offline provider does the work.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelSettings {
    /// The model that writes stories. OpenAI's default: `gpt-4.1-mini`.
    pub text: Option<String>,
    /// The model that paints illustrations. OpenAI's default: `gpt-image-1`.
    pub image: Option<String>,
    /// The models that describe photos, in parallel: one, or several separated by commas. OpenAI's default:
    /// `gpt-4.1-mini`.
    pub vision: Option<String>,
    /// The model that transcribes speech. OpenAI's default: `gpt-4o-mini-transcribe`.
    pub transcription: Option<String>,
    /// The model that narrates texts. OpenAI's default: `gpt-4o-mini-tts`.
    pub speech: Option<String>,
    /// The model that makes videos of illustrations. If `providers.runway_api_key` is set, the default is
    /// `runway/gen4_turbo`.
    pub video: Option<String>,
    /// The model that checks texts before anyone sees them. Default: none, so texts are not checked.
    pub moderation: Option<String>,
    /// The model that computes vectors for semantic search. Without one, search is by words only. OpenAI's default:
    /// `text-embedding-3-small`.
    pub embedding: Option<String>,
    /// How long a text may take with all attempts, 1-3600 seconds. Default: 60.
    pub text_seconds: u64,
    /// How long an illustration may take with all attempts, 1-3600 seconds. Default: 90.
    pub image_seconds: u64,
    /// How long describing photos and transcribing speech may take, 1-3600 seconds. Default: 30.
    pub perception_seconds: u64,
    /// How long a narration may take before its frame is returned without it, 1-3600 seconds. A slower narration is
    /// added to the frame later. Default: 15.
    pub speech_seconds: u64,
    /// How long a video may take, 1-3600 seconds. No frame waits for its video. Default: 600.
    pub video_seconds: u64,
    /// The maximum cost of model calls per day (UTC) for the whole installation in US dollars, 0-1000000. When it is
    /// used up, the offline provider continues. Default: no limit.
    pub budget_per_day: Option<f64>,
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            text: None,
            image: None,
            vision: None,
            transcription: None,
            speech: None,
            video: None,
            moderation: None,
            embedding: None,
            text_seconds: 60,
            image_seconds: 90,
            perception_seconds: 30,
            speech_seconds: 15,
            video_seconds: 600,
            budget_per_day: None,
        }
    }
}

impl ModelSettings {
    pub(super) fn validate(&self) -> Result<(), ValidationError> {
        let models = [
            ("models.text", &self.text),
            ("models.image", &self.image),
            ("models.vision", &self.vision),
            ("models.transcription", &self.transcription),
            ("models.speech", &self.speech),
            ("models.video", &self.video),
            ("models.moderation", &self.moderation),
            ("models.embedding", &self.embedding),
        ];
        for (key, list) in models {
            let pairs = list.as_deref().map(parse_models).unwrap_or_default();
            if pairs.iter().any(Option::is_none) || (pairs.len() > 1 && key != "models.vision") {
                return Err((
                    key,
                    "must be a provider and a model, such as openai/gpt-4.1-mini".to_owned(),
                ));
            }
        }
        let seconds = [
            ("models.text_seconds", self.text_seconds),
            ("models.image_seconds", self.image_seconds),
            ("models.perception_seconds", self.perception_seconds),
            ("models.speech_seconds", self.speech_seconds),
            ("models.video_seconds", self.video_seconds),
        ];
        for (key, value) in seconds {
            if !(1..=3600).contains(&value) {
                return Err((key, "must be a whole number from 1 to 3600".to_owned()));
            }
        }
        match self.budget_per_day {
            Some(budget) if !(0.0..=1_000_000.0).contains(&budget) => {
                Err(("models.budget_per_day", "must be US dollars, from 0 to 1000000".to_owned()))
            }
            _ => Ok(()),
        }
    }
}

/// Parses a list of models separated by commas to pairs of provider and name; `None` stands for a malformed item.
pub(crate) fn parse_models(list: &str) -> Vec<Option<(&str, &str)>> {
    let pairs = list.split(',').map(|text| text.trim().split_once('/'));
    pairs
        .map(|pair| pair.filter(|(provider, name)| !provider.is_empty() && !name.is_empty()))
        .collect()
}
