//! A provider that takes as long as a test wants.

use std::sync::Arc;

use async_trait::async_trait;
use calliope::compute::Compute;
use calliope::inference::{
    Answer, Call, Failure, ImageAsk, ImageModel, Picture, Provider, Registry, offline,
};

/// Paints when it is told to.
pub struct Slow {
    pub begun: tokio::sync::Semaphore,
    pub go: tokio::sync::Semaphore,
    inner: Arc<dyn ImageModel>,
}

#[async_trait]
impl ImageModel for Slow {
    async fn image(&self, call: &Call<'_>, ask: &ImageAsk) -> Result<Answer<Picture>, Failure> {
        self.begun.add_permits(1);
        let _go = self.go.acquire().await;
        self.inner.image(call, ask).await
    }
}

/// A painter that waits, and the registry that has it.
pub fn slow() -> (Arc<Slow>, Registry) {
    let provider = offline::provider(Compute::new());
    let inner = provider.image.clone().expect("it paints");
    let (begun, go) = (tokio::sync::Semaphore::new(0), tokio::sync::Semaphore::new(0));
    let slow = Arc::new(Slow { begun, go, inner });
    let registry =
        Registry::default().with(offline::NAME, Provider { image: Some(slow.clone()), ..provider });
    (slow, registry)
}
