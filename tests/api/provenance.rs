//! Where pictures come from: in their files, whatever the format, and in the API.

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sqlx::{Connection, Executor};

use crate::on_both;
use crate::support::{TestApp, TestDatabase, photo};

on_both! {
    every_picture_says_where_it_comes_from;
    a_photograph_that_is_shown_is_a_photograph;
    a_picture_that_is_older_says_nothing;
}

const PAINTED: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia";
const CAPTURED: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture";

/// Returns the XMP packet of a file; `None` if it has none.
pub fn packet(file: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(file);
    let (_, rest) = text.split_once("<?xpacket begin=")?;
    let (packet, _) = rest.split_once("<?xpacket end=")?;
    Some(packet.to_owned())
}

async fn file(app: &TestApp, image: &Value) -> Vec<u8> {
    let url = image["url"].as_str().expect("a URL");
    let response = app.get(url).send().await.expect("an answer");
    assert_eq!(response.status(), 200, "{url}");
    response.bytes().await.expect("bytes").to_vec()
}

/// Checks that a file says where it comes from.
fn assert_from(file: &[u8], source: &str) {
    let packet = packet(file).expect("a packet");
    let tool = concat!("xmp:CreatorTool=\"Calliope ", env!("CARGO_PKG_VERSION"), "\"");
    let property = format!("Iptc4xmpExt:DigitalSourceType=\"{source}\"");
    assert!(packet.contains(tool) && packet.contains(&property), "{packet}");
}

async fn every_picture_says_where_it_comes_from(database: TestDatabase) {
    let app = TestApp::start(database).await;
    for (format, has_place) in [
        ("png", true),
        ("jpeg", true),
        ("webp", true),
        ("bmp", false),
        ("rgb565", false),
        ("grayscale16", false),
    ] {
        let client = format!("s-{format}");
        let told = app
            .create_frame(
                json!({"client_id": client, "strategy": "literal", "input_text": "A lamp",
                "output_image_format": format, "output_image_width": 64}),
            )
            .await;
        let frame = &told["frames"][0];
        let expected = json!({"digital_source_type": PAINTED, "model": null,
            "creator_tool": concat!("Calliope ", env!("CARGO_PKG_VERSION"))});
        assert_eq!(frame["provenance"], expected);
        assert_from(&file(&app, &frame["source_image"]).await, PAINTED);
        let device = file(&app, &frame["image"]).await;
        if has_place {
            assert_from(&device, PAINTED);
        } else {
            assert!(packet(&device).is_none(), "{format}");
        }
    }
    // The same frame for another device, and in every answer that has frames.
    let next = app.json("/v2/clients/s-png/next?output_image_format=webp").await;
    assert_eq!(next["provenance"]["digital_source_type"], PAINTED);
    assert_from(&file(&app, &next["image"]).await, PAINTED);
    let stories = app.json("/v2/stories/?client_id=s-png").await;
    let story = stories["stories"][0]["story_id"].as_str().expect("an id").to_owned();
    for path in [
        format!("/v2/stories/{story}/?client_id=s-png&include_frames=true"),
        format!("/v2/stories/{story}/frames/"),
        format!("/v1/story/?client_id=s-png&story_id={story}"),
    ] {
        let answer = app.json(&path).await;
        let frames = answer.get("frames").or(answer.get("items")).expect("frames");
        let provenance = &frames[0]["provenance"];
        assert_eq!(provenance["digital_source_type"], PAINTED, "{path}: {answer}");
    }
    let one = app.json(&format!("/v2/stories/{story}/frames/0/")).await;
    assert_eq!(one["provenance"]["digital_source_type"], PAINTED, "{one}");
    let thumbnail =
        &app.json("/v1/stories/?client_id=s-png").await["stories"][0]["thumbnail_image"];
    assert_from(&file(&app, thumbnail).await, PAINTED);
    app.stop_and_remove().await;
}

async fn a_photograph_that_is_shown_is_a_photograph(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let told = app
        .create_frame(
            json!({"client_id": "s", "strategy": "show-this-frame", "input_image": photo(),
            "input_text": "A rocket", "output_image_format": "jpeg"}),
        )
        .await;
    let frame = &told["frames"][0];
    assert_eq!(frame["provenance"]["digital_source_type"], CAPTURED);
    assert_eq!(frame["provenance"]["model"], Value::Null);
    for image in ["image", "source_image"] {
        assert_from(&file(&app, &frame[image]).await, CAPTURED);
    }
    app.stop_and_remove().await;
}

/// Makes all pictures look as if they were older than the columns of their provenance.
async fn forget_provenance(app: &TestApp) {
    let sql = "UPDATE image SET digital_source_type = NULL, creator_tool = NULL";
    let settings = &app.database.settings;
    if let Some(url) = &settings.url {
        let mut db = sqlx::PgConnection::connect(url.expose_secret()).await.expect("connected");
        db.execute(sql).await.expect("changed");
    } else {
        let url = format!("sqlite://{}", settings.path.display());
        let mut db = sqlx::SqliteConnection::connect(&url).await.expect("connected");
        db.execute(sql).await.expect("changed");
    }
}

async fn a_picture_that_is_older_says_nothing(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let body = json!({"client_id": "s", "strategy": "literal", "input_text": "A lamp"});
    let told = app.create_frame(body).await;
    let story = told["story_id"].as_str().expect("an id");
    forget_provenance(&app).await;
    let frame = app.json(&format!("/v2/stories/{story}/frames/0/")).await;
    assert_eq!(frame["provenance"], Value::Null);
    let next = app.json("/v2/clients/s/next?output_image_format=jpeg").await;
    assert!(packet(&file(&app, &next["image"]).await).is_none());
    app.stop_and_remove().await;
}
