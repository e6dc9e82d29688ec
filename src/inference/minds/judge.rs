//! Whether what was told is fit for everybody: an installation stands where anyone may speak to it.

use super::super::{Answer, Capability, Failure, InferenceError, Model, offline};
use super::{Minds, tokens};
use crate::inference::Usage;

impl Minds {
    /// Lets a text pass that its judge, where one is configured, finds nothing wrong with. One that cannot be judged
    /// passes with a note: the story goes on.
    pub(super) async fn judged<T>(
        &self,
        model: &Model,
        told: Answer<T>,
        text: impl Fn(&T) -> String,
    ) -> Result<Answer<T>, InferenceError> {
        // The last resort is not judged: there is nobody behind it.
        let judges = self.parts.cast.moderation.iter();
        for judge in judges.filter(|_| model.provider != offline::NAME) {
            let text = text(&told.value);
            match self.judge(judge, &text).await {
                Ok(wrong) if wrong.is_empty() => return Ok(told),
                Ok(wrong) => {
                    tracing::info!(?wrong, model = model.name, "a text is not fit for everybody");
                    let provider = self.parts.registry.title(&model.provider);
                    return Err(InferenceError { provider, failure: Failure::Unfit });
                }
                Err(error) => {
                    self.note(format!(
                        "Nobody judged whether the text is fit for everybody, because {error}."
                    ));
                }
            }
        }
        Ok(told)
    }

    async fn judge(&self, judge: &Model, text: &str) -> Result<Vec<String>, InferenceError> {
        let most = Usage { input_tokens: tokens(text), ..Usage::default() };
        let order = self.order(judge, Capability::Moderation, most);
        let judged = self.parts.registry.ask(
            &order,
            |provider| provider.moderation.clone(),
            |asked| async move { asked.judge(&order.call, text).await },
        );
        Ok(judged.await?.value)
    }
}
