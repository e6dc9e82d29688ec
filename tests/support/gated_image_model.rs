//! A provider that takes as long as a test wants.

use std::sync::Arc;

use async_trait::async_trait;
use calliope::compute::Compute;
use calliope::inference::{
    CallContext, Failure, GeneratedImage, ImageModel, ImageRequest, ModelResponse, Provider,
    Registry, offline,
};

/// Paints when it is told to.
pub struct GatedImageModel {
    pub started: tokio::sync::Semaphore,
    pub release: tokio::sync::Semaphore,
    inner: Arc<dyn ImageModel>,
}

#[async_trait]
impl ImageModel for GatedImageModel {
    async fn generate_image(
        &self,
        call: &CallContext<'_>,
        ask: &ImageRequest,
    ) -> Result<ModelResponse<GeneratedImage>, Failure> {
        self.started.add_permits(1);
        let _go = self.release.acquire().await;
        self.inner.generate_image(call, ask).await
    }
}

/// A painter that waits, and the registry that has it.
pub fn gated_image_model() -> (Arc<GatedImageModel>, Registry) {
    let provider = offline::provider(Compute::new());
    let inner = provider.image.clone().expect("it paints");
    let (begun, go) = (tokio::sync::Semaphore::new(0), tokio::sync::Semaphore::new(0));
    let slow = Arc::new(GatedImageModel { started: begun, release: go, inner });
    let registry = Registry::default()
        .with_provider(offline::NAME, Provider { image: Some(slow.clone()), ..provider });
    (slow, registry)
}
