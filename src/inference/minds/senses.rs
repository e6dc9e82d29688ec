//! Sight and hearing. There is no model behind the last one: what nobody sees or hears is left out of the story.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use image::RgbImage;
use tokio::time::{Duration, Instant, timeout_at};

use super::super::{Answer, Capability, InferenceError, Model, SoundAsk, Usage, VisionAsk, merged};
use super::{Minds, SIGHT_TOKENS, writing};
use crate::domain::Sight;

/// How long the slower of several who look at a picture have after the first has told what it sees.
const SLOWER: Duration = Duration::from_secs(5);

/// What a picture costs to look at, in tokens.
const PICTURE_TOKENS: u64 = 2000;

impl Minds {
    /// What all who look see together; `None` when nobody looks or none of them sees anything. The first to answer is
    /// not kept waiting for long by the others.
    pub async fn see(&self, picture: &Arc<RgbImage>, prompt: &str) -> Option<Sight> {
        let ask = VisionAsk { prompt: prompt.to_owned(), picture: Arc::clone(picture) };
        let looking = self.parts.cast.vision.iter().enumerate();
        let mut looking: FuturesUnordered<_> = looking
            .map(|(index, model)| {
                let ask = &ask;
                async move { (index, self.look(model, ask).await) }
            })
            .collect();
        let mut until = self.deadline(Capability::Vision) + Duration::from_secs(1);
        let mut seen: Vec<(usize, Sight)> = Vec::new();
        while let Ok(Some((index, sight))) = timeout_at(until, looking.next()).await {
            match sight {
                Ok(answer) => {
                    until = until.min(Instant::now() + SLOWER);
                    seen.push((index, answer.value));
                }
                Err(error) => {
                    self.note(format!("The photograph was seen less well, because {error}."));
                }
            }
        }
        if !looking.is_empty() {
            self.note("The photograph was seen less well, because not all who look at it answered in time.".to_owned());
        }
        // The order of the cast, and not of their answers, decides whose words stay.
        seen.sort_by_key(|(index, _)| *index);
        seen.into_iter().map(|(_, sight)| sight).reduce(merged)
    }

    /// What was said. `None` when nobody can tell; empty when nothing was said.
    pub async fn hear(&self, ask: &SoundAsk) -> Option<String> {
        let mut failures = Vec::new();
        for model in &self.parts.cast.transcription {
            let seconds = ask.seconds.unwrap_or(60.0);
            let most = Usage { input_tokens: 4000, output_tokens: 1000, images: 0, seconds };
            let order = self.order(model, Capability::Transcription, most);
            let heard = self.parts.registry.ask(
                &order,
                |provider| provider.transcription.clone(),
                |model| async move { model.transcribe(&order.call, ask).await },
            );
            match heard.await {
                Ok(answer) => return Some(answer.value),
                Err(error) => failures.push(error.to_string()),
            }
        }
        let because = if failures.is_empty() {
            "no transcription is configured".to_owned()
        } else {
            failures.join(" and ")
        };
        self.note(format!("The sound was kept but not understood, because {because}."));
        None
    }

    async fn look(&self, model: &Model, ask: &VisionAsk) -> Result<Answer<Sight>, InferenceError> {
        self.overhear(Capability::Vision, model, &ask.prompt);
        let mut most = writing(model, &ask.prompt, SIGHT_TOKENS);
        most.input_tokens += PICTURE_TOKENS;
        let order = self.order(model, Capability::Vision, most);
        let seen = self.parts.registry.ask(
            &order,
            |provider| provider.vision.clone(),
            |asked| async move { asked.see(&order.call, ask).await },
        );
        seen.await
    }
}
