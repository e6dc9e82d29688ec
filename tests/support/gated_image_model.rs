//! An image model that waits until a test lets it continue.

use std::sync::Arc;

use async_trait::async_trait;
use calliope::compute::Compute;
use calliope::inference::{
    CallContext, Failure, GeneratedImage, ImageModel, ImageRequest, ModelResponse, Provider,
    Registry, offline,
};

/// Counts started images in `started`, and generates an image for each permit of `release`.
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
        request: &ImageRequest,
    ) -> Result<ModelResponse<GeneratedImage>, Failure> {
        self.started.add_permits(1);
        let _permit = self.release.acquire().await;
        self.inner.generate_image(call, request).await
    }
}

/// Returns a gated image model and a registry that contains it.
pub fn gated_image_model() -> (Arc<GatedImageModel>, Registry) {
    let provider = offline::provider(Compute::new());
    let inner = provider.image.clone().expect("an image model");
    let gated = Arc::new(GatedImageModel {
        started: tokio::sync::Semaphore::new(0),
        release: tokio::sync::Semaphore::new(0),
        inner,
    });
    let registry = Registry::default()
        .with_provider(offline::NAME, Provider { image: Some(gated.clone()), ..provider });
    (gated, registry)
}
