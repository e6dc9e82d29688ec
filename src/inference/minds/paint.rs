//! Illustrations: the next model where one fails, other words where the content is refused.

use super::super::picture::{self, Drawn};
use super::super::{Answer, Brief, Capability, Failure, ImageAsk, InferenceError, Model, Usage};
use super::{Minds, Words, tokens};

/// How a note about an illustration begins.
const PAINTED: Words = Words("The illustration was painted");

/// How often a refused prompt is put in other words.
const REWORDINGS: usize = 2;

/// The most tokens that an image model counts for a picture that it paints.
const PAINTING_TOKENS: u64 = 6500;

impl Minds {
    /// An illustration that shows something.
    ///
    /// # Errors
    ///
    /// [`InferenceError`] when even the offline provider fails.
    pub async fn image(&self, ask: &ImageAsk) -> Result<Drawn, InferenceError> {
        let chain = &self.parts.cast.image;
        let painted = self.chain(chain, PAINTED, |model| self.reworded(model, ask)).await;
        Ok(painted?.0.value)
    }

    /// An illustration of one model; in other words when its content is refused.
    async fn reworded(
        &self,
        model: &Model,
        ask: &ImageAsk,
    ) -> Result<Answer<Drawn>, InferenceError> {
        let mut ask = ask.clone();
        let mut left = REWORDINGS;
        loop {
            match self.painted(model, &ask).await {
                Err(error) if error.failure == Failure::Refused && left > 0 => {
                    left -= 1;
                    let reword = self.parts.cast.reword.as_ref();
                    let Some(prompt) = reword.and_then(|reword| reword(&ask.prompt)) else {
                        return Err(error);
                    };
                    let nothing = Brief::nothing();
                    let Some(words) = self.aside(&prompt, &nothing).await else {
                        return Err(error);
                    };
                    self.note(format!(
                        "The illustration was asked for in other words, because {error}."
                    ));
                    ask.prompt = words;
                }
                answer => return answer,
            }
        }
    }

    async fn painted(
        &self,
        model: &Model,
        ask: &ImageAsk,
    ) -> Result<Answer<Drawn>, InferenceError> {
        self.overhear(Capability::Image, model, &ask.prompt);
        let tokens = tokens(&ask.prompt);
        let most =
            Usage { input_tokens: tokens, output_tokens: PAINTING_TOKENS, images: 1, seconds: 0.0 };
        let order = self.order(model, Capability::Image, most);
        let compute = &self.parts.compute;
        let painted = self.parts.registry.ask(
            &order,
            |provider| provider.image.clone(),
            |asked| async move {
                let Answer { value, usage, memory } = asked.image(&order.call, ask).await?;
                let looked = compute.run(move || picture::check(value)).await;
                let value = looked.map_err(|error| Failure::Broken(error.to_string()))??;
                Ok(Answer { value, usage, memory })
            },
        );
        painted.await
    }
}
