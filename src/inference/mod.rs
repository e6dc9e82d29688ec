//! Minds: the models that see, write and paint, behind one small trait a capability.
//!
//! A provider is one file that implements the capabilities it has, and one line in the [`Registry`].
//! Storytellers never call a provider: they ask [`Minds`], which falls back to the offline provider and says so.

mod ask;
mod call;
mod minds;
pub mod offline;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use image::RgbImage;
use serde_json::Value;

use crate::domain::Sight;

pub use ask::{Brief, ImageAsk, Picture, Remembered, StructuredAsk, TextAsk};
pub use minds::Minds;

/// Writes prose.
#[async_trait]
pub trait TextModel: Send + Sync {
    /// Prose for the ask.
    async fn text(&self, ask: TextAsk) -> Result<Remembered<String>, InferenceError>;
}

/// Writes a JSON object of a given shape.
#[async_trait]
pub trait StructuredModel: Send + Sync {
    /// An object that has the schema's required properties.
    async fn structured(&self, ask: StructuredAsk) -> Result<Remembered<Value>, InferenceError>;
}

/// Paints.
#[async_trait]
pub trait ImageModel: Send + Sync {
    /// A picture of about the asked size.
    async fn image(&self, ask: ImageAsk) -> Result<Picture, InferenceError>;
}

/// Looks at pictures.
#[async_trait]
pub trait VisionModel: Send + Sync {
    /// What there is to see.
    async fn see(&self, picture: Arc<RgbImage>) -> Result<Sight, InferenceError>;
}

/// How a model can fail.
#[derive(Debug, thiserror::Error)]
pub enum InferenceError {
    /// No provider of this name is configured, or it does not do this.
    #[error("{provider} is not configured for {capability}")]
    NotConfigured {
        /// The provider's name.
        provider: String,
        /// What was wanted of it.
        capability: &'static str,
    },
    /// The provider was asked, and failed.
    #[error("{provider} failed: {reason}")]
    Failed {
        /// The provider's name.
        provider: &'static str,
        /// In plain words, for people who look at a story.
        reason: String,
    },
}

/// One provider's capabilities; those it lacks are `None`.
#[derive(Clone, Default)]
pub struct Provider {
    /// Prose.
    pub text: Option<Arc<dyn TextModel>>,
    /// JSON of a given shape.
    pub structured: Option<Arc<dyn StructuredModel>>,
    /// Illustrations.
    pub image: Option<Arc<dyn ImageModel>>,
    /// Descriptions of pictures.
    pub vision: Option<Arc<dyn VisionModel>>,
}

/// Every provider of this process, by name.
#[derive(Clone, Default)]
pub struct Registry {
    providers: BTreeMap<String, Provider>,
}

impl Registry {
    /// Adds a provider, in the place of one that had its name.
    #[must_use]
    pub fn with(mut self, name: &str, provider: Provider) -> Self {
        self.providers.insert(name.to_owned(), provider);
        self
    }

    /// What there is to see in a picture.
    ///
    /// # Errors
    ///
    /// [`InferenceError`] when the offline provider fails.
    pub async fn see(&self, picture: Arc<RgbImage>) -> Result<Sight, InferenceError> {
        let seen = async {
            let model = self.find(offline::NAME, "vision", |provider| provider.vision.clone())?;
            model.see(picture).await
        };
        call::observed(offline::NAME, "vision", seen).await
    }

    /// One capability of one provider.
    fn find<T>(
        &self,
        provider: &str,
        capability: &'static str,
        pick: impl Fn(&Provider) -> Option<T>,
    ) -> Result<T, InferenceError> {
        self.providers.get(provider).and_then(pick).ok_or_else(|| InferenceError::NotConfigured {
            provider: provider.to_owned(),
            capability,
        })
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.providers.keys()).finish()
    }
}
