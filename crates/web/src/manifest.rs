//! The web app manifest, with which a browser adds the page to a home screen.

/// Returns the manifest. `root` is the path of a proxy below which the service is; it needs no escaping, because it
/// consists of characters of a path.
#[must_use]
pub fn manifest(root: &str) -> String {
    format!(
        concat!(
            r#"{{"name":"Calliope","short_name":"Calliope","description":"Show it something, and read how the story goes on.","#,
            r##""id":"{root}/","start_url":"{root}/","scope":"{root}/","display":"standalone","background_color":"#14131c","theme_color":"#14131c","##,
            r#""icons":[{{"src":"{root}/apple-touch-icon.png","sizes":"180x180","type":"image/png","purpose":"any"}}]}}"#,
        ),
        root = root
    )
}
