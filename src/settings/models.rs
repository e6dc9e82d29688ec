//! Which models are asked where a strategy leaves the choice, how long they may take, and what they may cost.

use serde::{Deserialize, Serialize};

use super::ValidationError;

/// Models, as `provider/name`; where none is given, the keys that are there decide.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelSettings {
    /// Writes stories.
    pub text: Option<String>,
    /// Paints illustrations.
    pub image: Option<String>,
    /// Look at photographs, side by side: one model, or several with commas between them.
    pub vision: Option<String>,
    /// Writes down speech.
    pub transcription: Option<String>,
    /// Speaks texts.
    pub speech: Option<String>,
    /// Makes films of illustrations.
    pub video: Option<String>,
    /// Judges whether texts are fit for everybody, before anyone sees them; nobody does where none is given.
    pub moderation: Option<String>,
    /// Turns texts into vectors, for semantic search; there is none where none is given.
    pub embedding: Option<String>,
    /// How long a text may take, all attempts together, in seconds.
    pub text_seconds: u64,
    /// How long an illustration may take.
    pub image_seconds: u64,
    /// How long seeing and hearing may take.
    pub senses_seconds: u64,
    /// How long speaking a text may take; what takes longer comes after its frame.
    pub speech_seconds: u64,
    /// How long a film may take; no frame waits for it.
    pub video_seconds: u64,
    /// US dollars a day (UTC) for the whole installation; none for no limit.
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
            senses_seconds: 30,
            speech_seconds: 15,
            video_seconds: 600,
            budget_per_day: None,
        }
    }
}

impl ModelSettings {
    pub(super) fn validate(&self) -> Result<(), ValidationError> {
        let models = [
            ("minds.text", &self.text),
            ("minds.image", &self.image),
            ("minds.vision", &self.vision),
            ("minds.transcription", &self.transcription),
            ("minds.speech", &self.speech),
            ("minds.video", &self.video),
            ("minds.moderation", &self.moderation),
            ("minds.embedding", &self.embedding),
        ];
        for (key, given) in models {
            let all = given.as_deref().map(parse_models).unwrap_or_default();
            if all.iter().any(Option::is_none) || (all.len() > 1 && key != "minds.vision") {
                return Err((
                    key,
                    "must be a provider and a model, such as openai/gpt-4.1-mini".to_owned(),
                ));
            }
        }
        let seconds = [
            ("minds.text_seconds", self.text_seconds),
            ("minds.image_seconds", self.image_seconds),
            ("minds.senses_seconds", self.senses_seconds),
            ("minds.speech_seconds", self.speech_seconds),
            ("minds.video_seconds", self.video_seconds),
        ];
        for (key, value) in seconds {
            if !(1..=3600).contains(&value) {
                return Err((key, "must be a whole number from 1 to 3600".to_owned()));
            }
        }
        match self.budget_per_day {
            Some(budget) if !(0.0..=1_000_000.0).contains(&budget) => {
                Err(("minds.budget_per_day", "must be US dollars, from 0 to 1000000".to_owned()))
            }
            _ => Ok(()),
        }
    }
}

/// Providers and models; `None` for what is no such pair.
pub(crate) fn parse_models(given: &str) -> Vec<Option<(&str, &str)>> {
    let pair = given.split(',').map(|text| text.trim().split_once('/'));
    pair.map(|pair| pair.filter(|(provider, name)| !provider.is_empty() && !name.is_empty()))
        .collect()
}
