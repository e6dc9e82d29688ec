//! The pictures and sounds of a share's pages, by presigned addresses.

use axum::response::Response;
use calliope_web::{FramePart, Neighbour, Picture};

use super::super::answer;
use super::SharedPage;
use crate::http::HttpState;

impl SharedPage {
    /// Presigns the address of a file below the service's root.
    async fn sign(&self, state: &HttpState, address: &mut String) -> Result<(), Response> {
        let key = address.trim_start_matches('/');
        let until = state.app.shares().media_expiry(&self.share);
        let url = state.app.files().own_presigned_url(key, until).await.map_err(answer::refuse)?;
        *address = format!("/{url}");
        Ok(())
    }

    /// Presigns the addresses of a frame's files.
    pub(super) async fn sign_frame(
        &self,
        state: &HttpState,
        mut frame: FramePart,
    ) -> Result<FramePart, Response> {
        self.sign_picture(state, frame.picture.as_mut()).await?;
        for clip in [&mut frame.narration, &mut frame.video].into_iter().flatten() {
            self.sign(state, &mut clip.address).await?;
        }
        Ok(frame)
    }

    /// Presigns the address of a picture.
    pub(super) async fn sign_picture(
        &self,
        state: &HttpState,
        picture: Option<&mut Picture>,
    ) -> Result<(), Response> {
        match picture {
            Some(picture) => self.sign(state, &mut picture.address).await,
            None => Ok(()),
        }
    }

    /// Returns the neighbour of a frame. Its picture is not fetched in advance, because presigned files are not kept.
    pub(super) fn neighbour(pages: &str, number: i32) -> Neighbour {
        Neighbour { address: format!("{pages}{number}"), picture: None }
    }
}
