//! The sample views.

mod books;
mod shares;
mod walls;

use calliope_web::{
    AboutPage, BookmarkCard, BookmarksPage, Clip, ConnectPage, Cover, ErrorPage, Feed, FeedEntry,
    FramePart, HomePage, LibraryDay, LibraryPage, ListPage, LoginPage, Neighbour, OEmbed,
    PendingFrame, Picture, ReaderPage, SearchHitCard, SearchPage, Shell, SimilarPage,
    StorytellerChoice, Template, marked_excerpt, paragraphs, shorten,
};

/// Markup that must never become part of a page.
const ATTACK: &str = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'{{7*7}}";

const WORDS: &str =
    "The lamp had burned for a hundred years.\nTonight it blinked, once, as if it knew her.";

fn shell() -> Shell {
    Shell { is_known: true, ..Shell::default() }
}

fn picture(alt: &str) -> Picture {
    let address = "/media/0197f2c4-5b1e-7c3a-9d1e-000000000001.png".to_owned();
    Picture { address, width: 1024, height: 1024, alt: alt.to_owned() }
}

fn frame(text: &str, language: &str) -> FramePart {
    FramePart {
        number: 1,
        paragraphs: paragraphs(text),
        language: language.to_owned(),
        picture: Some(picture("A lighthouse in the rain")),
        narration: None,
        video: None,
    }
}

fn reader(text: &str, language: &str) -> ReaderPage {
    ReaderPage {
        shell: shell(),
        title: shorten(text, 60),
        description: shorten(text, 160),
        slug: "the-lamp-had-burned-for".to_owned(),
        pages: "/s/the-lamp-had-burned-for/".to_owned(),
        events: "/s/the-lamp-had-burned-for/events".to_owned(),
        count: 1,
        frame: Some(frame(text, language)),
        origin: "https://stories.example".to_owned(),
        ..ReaderPage::default()
    }
}

pub fn usual_reader() -> ReaderPage {
    let neighbour = |number: i32| Neighbour {
        address: format!("/s/the-lamp-had-burned-for/{number}"),
        picture: Some(picture("").address),
    };
    let mut page = reader(WORDS, "en");
    page.count = 12;
    page.previous = Some(neighbour(2));
    page.next = Some(neighbour(4));
    page.can_bookmark = true;
    if let Some(frame) = &mut page.frame {
        frame.number = 3;
        let address = "/media/0197f2c4.mp3".to_owned();
        frame.narration = Some(Clip { address, media_type: "audio/mpeg".to_owned() });
    }
    page
}

/// A reader with everything that a page can have.
pub fn full_reader() -> ReaderPage {
    let name = "The other lamp".to_owned();
    ReaderPage {
        is_public: true,
        bookmark: Some(7),
        branched_from: Some((name, "/s/the-other-lamp/2".to_owned())),
        ..usual_reader()
    }
}

fn cover(title: &str) -> Cover {
    Cover {
        address: "/s/the-lamp-had-burned-for/1".to_owned(),
        title: title.to_owned(),
        picture: Some(picture("")),
        client: "kitchen".to_owned(),
        storyteller: "lavender".to_owned(),
        count: 3,
    }
}

fn hit(title: &str, text: &str) -> SearchHitCard {
    SearchHitCard {
        address: "/s/the-lamp-had-burned-for/2".to_owned(),
        title: title.to_owned(),
        number: 2,
        excerpt: marked_excerpt(text, &[(4, 8)], 300),
        picture: Some(picture("")),
    }
}

fn similar(hits: Vec<SearchHitCard>) -> SimilarPage {
    SimilarPage {
        shell: shell(),
        title: "The lamp".to_owned(),
        number: 3,
        address: "/s/the-lamp-had-burned-for/3".to_owned(),
        how: "Found by words that they share with this moment.".to_owned(),
        hits,
    }
}

fn tellers() -> Vec<StorytellerChoice> {
    let teller = |slug: &str, description: &str, is_chosen| StorytellerChoice {
        slug: slug.to_owned(),
        name: slug.to_owned(),
        description: description.to_owned(),
        picture: format!("/storytellers/{slug}"),
        is_chosen,
    };
    vec![teller("fern", "Adventures.", true), teller("lavender", "Poems.", false)]
}

fn home() -> HomePage {
    HomePage {
        shell: shell(),
        storytellers: tellers(),
        idempotency_key: "0197f2c4".to_owned(),
        ..HomePage::default()
    }
}

fn home_with(text: &str) -> HomePage {
    HomePage {
        title: shorten(text, 60),
        slug: "the-lamp-had-burned-for".to_owned(),
        frame: Some(frame(text, "en")),
        events: "/s/the-lamp-had-burned-for/events".to_owned(),
        ..home()
    }
}

fn readers() -> Vec<(&'static str, ReaderPage)> {
    let empty = ReaderPage { frame: None, count: 0, ..reader("", "en") };
    let long = format!("{} {}", "word ".repeat(400), "Donaudampfschifffahrt".repeat(30));
    let arabic = "كان المصباح مضاءً منذ مئة عام.\nوفي هذه الليلة رمش مرة واحدة.";
    let mut proxied = usual_reader();
    "/stories".clone_into(&mut proxied.shell.root);
    proxied.can_continue = true;
    proxied.bookmark = Some(7);
    proxied.next = None;
    let mut video = reader(WORDS, "en");
    if let Some(frame) = &mut video.frame {
        let (address, media_type) = ("/media/0197f2c4.mp4".to_owned(), "video/mp4".to_owned());
        frame.video = Some(Clip { address, media_type });
    }
    let mut bare = reader(WORDS, "en");
    if let Some(frame) = &mut bare.frame {
        frame.picture = None;
    }
    let mut erased = reader("", "en");
    if let Some(frame) = &mut erased.frame {
        frame.picture = None;
    }
    vec![
        ("reader_empty", empty),
        ("reader_one", reader(WORDS, "en")),
        ("reader_many", usual_reader()),
        ("reader_long", reader(&long, "de")),
        ("reader_right_to_left", reader(arabic, "ar")),
        ("reader_below_a_proxy", proxied),
        ("reader_video", video),
        ("reader_without_picture", bare),
        ("reader_full", full_reader()),
        ("reader_erased", erased),
    ]
}

fn homes() -> Vec<(&'static str, HomePage)> {
    let step = "The storyteller is writing …".to_owned();
    let pending = PendingFrame { task_id: "0197f2c4".to_owned(), step };
    let problem = Some("The photo is not a picture; send a JPEG, PNG or WebP.".to_owned());
    vec![
        ("home_empty", home()),
        ("home_one", home_with(WORDS)),
        ("home_pending", HomePage { pending: Some(pending), ..home_with(WORDS) }),
        ("home_black", HomePage { is_black: true, ..home_with(WORDS) }),
        ("home_problem", HomePage { problem, words: "A kettle".to_owned(), ..home() }),
    ]
}

fn render(page: &impl Template) -> String {
    page.render().expect("a page can be rendered")
}

pub fn all() -> Vec<(&'static str, String)> {
    let mut pages: Vec<(&'static str, String)> =
        readers().iter().map(|(name, page)| (*name, render(page))).collect();
    pages.extend(homes().iter().map(|(name, page)| (*name, render(page))));
    pages.extend(visits());
    pages.extend(shelves());
    pages.extend(shares::all());
    pages.extend(walls::all());
    pages.extend(books::all());
    pages
}

/// The pages about who a visitor is, and those that say what went wrong.
fn visits() -> Vec<(&'static str, String)> {
    let connect = |code: Option<&str>, problem: Option<&str>| ConnectPage {
        shell: Shell::default(),
        code: code.map(str::to_owned),
        next: "/s/a/1?x=1&y=2".to_owned(),
        problem: problem.map(str::to_owned),
    };
    let login = LoginPage { next: "/library".to_owned(), ..LoginPage::default() };
    let user = Shell { user: Some("anna".to_owned()), ..shell() };
    let error = |status| ErrorPage {
        shell: Shell::default(),
        status,
        detail: "There is no such story; check its id or slug.".to_owned(),
        request_id: "0197f2c4".to_owned(),
    };
    vec![
        ("connect", render(&connect(None, None))),
        ("connect_wrong_key", render(&connect(None, Some("The key is wrong.")))),
        ("connect_code", render(&connect(Some("K7QM-2HXD"), None))),
        ("login", render(&login)),
        ("login_known", render(&LoginPage { shell: user, ..login.clone() })),
        ("about", render(&AboutPage { operator: "The museum".to_owned(), ..AboutPage::default() })),
        ("error_404", render(&error(404))),
        ("error_500", render(&error(500))),
    ]
}

/// The pages that list stories.
fn shelves() -> Vec<(&'static str, String)> {
    let days = vec![
        LibraryDay {
            name: "Monday, 30 November 2026".to_owned(),
            covers: vec![cover("One"), cover("Two")],
        },
        LibraryDay { name: "Sunday, 29 November 2026".to_owned(), covers: vec![cover("Three")] },
    ];
    let older = Some("/library?before=abc".to_owned());
    let search = SearchPage {
        shell: shell(),
        query: "lamp".to_owned(),
        how: "Searched by words.".to_owned(),
        hits: vec![hit("The lamp", WORDS)],
        more: Some("/search?q=lamp&cursor=abc".to_owned()),
        problem: None,
    };
    let problem = Some("The query is too long.".to_owned());
    let bookmark = BookmarkCard {
        id: 4,
        address: "/s/the-lamp-had-burned-for/2".to_owned(),
        words: "The lamp".to_owned(),
        comments: "For Anna".to_owned(),
        picture: Some(picture("")),
    };
    let bookmarks = BookmarksPage {
        shell: shell(),
        bookmarks: vec![bookmark],
        lists: vec![("/lists/3".to_owned(), "Rain".to_owned())],
    };
    let list = ListPage {
        shell: shell(),
        name: "Rain".to_owned(),
        description: "Stories for wet days".to_owned(),
        covers: vec![cover("One")],
        more: None,
    };
    vec![
        ("library_empty", render(&LibraryPage { shell: shell(), ..LibraryPage::default() })),
        ("library_days", render(&LibraryPage { shell: shell(), days, older })),
        ("search_new", render(&SearchPage { shell: shell(), ..SearchPage::default() })),
        ("search_found", render(&search)),
        ("search_problem", render(&SearchPage { hits: Vec::new(), problem, ..search.clone() })),
        ("similar_none", render(&similar(Vec::new()))),
        ("similar_found", render(&similar(vec![hit("The lamp", WORDS)]))),
        ("bookmarks_empty", render(&BookmarksPage { shell: shell(), ..BookmarksPage::default() })),
        ("bookmarks", render(&bookmarks)),
        ("list", render(&list)),
    ]
}

/// Every page with stored text, each full of markup.
pub fn hostile() -> Vec<(&'static str, String)> {
    let mut page = reader(ATTACK, "en");
    page.origin = String::new();
    if let Some(frame) = &mut page.frame {
        frame.picture = Some(picture(ATTACK));
    }
    page.branched_from = Some((ATTACK.to_owned(), "/s/a/1".to_owned()));
    let mut like = similar(vec![hit(ATTACK, ATTACK)]);
    ATTACK.clone_into(&mut like.title);
    ATTACK.clone_into(&mut like.how);
    let mut home = home_with(ATTACK);
    home.problem = Some(ATTACK.to_owned());
    home.words = format!("</textarea>{ATTACK}");
    ATTACK.clone_into(&mut home.storytellers[0].description);
    let mut story = cover(ATTACK);
    ATTACK.clone_into(&mut story.client);
    ATTACK.clone_into(&mut story.storyteller);
    let day = LibraryDay { name: "Today".to_owned(), covers: vec![story.clone()] };
    let bookmark = BookmarkCard {
        words: ATTACK.to_owned(),
        comments: ATTACK.to_owned(),
        ..Default::default()
    };
    let lists = vec![("/lists/3".to_owned(), ATTACK.to_owned())];
    let user = Shell { user: Some(ATTACK.to_owned()), ..shell() };
    let detail = ATTACK.to_owned();
    let search = SearchPage {
        query: ATTACK.to_owned(),
        how: ATTACK.to_owned(),
        hits: vec![hit(ATTACK, ATTACK)],
        ..SearchPage::default()
    };
    let mut pages = vec![
        ("reader", render(&page)),
        ("similar", render(&like)),
        ("book", books::hostile()),
        ("home", render(&home)),
        ("library", render(&LibraryPage { days: vec![day], ..LibraryPage::default() })),
        ("search", render(&search)),
        (
            "bookmarks",
            render(&BookmarksPage { bookmarks: vec![bookmark], lists, ..Default::default() }),
        ),
        (
            "list",
            render(&ListPage {
                name: ATTACK.to_owned(),
                description: ATTACK.to_owned(),
                covers: vec![story],
                ..ListPage::default()
            }),
        ),
        ("wall", walls::hostile()),
        ("error", render(&ErrorPage { status: 422, detail, ..ErrorPage::default() })),
        ("login", render(&LoginPage { next: ATTACK.to_owned(), ..LoginPage::default() })),
        ("login_known", render(&LoginPage { shell: user, ..LoginPage::default() })),
        ("connect", render(&ConnectPage { next: ATTACK.to_owned(), ..ConnectPage::default() })),
        ("about", render(&AboutPage { operator: ATTACK.to_owned(), ..AboutPage::default() })),
    ];
    pages.extend(shares::hostile());
    pages
}

pub fn oembed() -> OEmbed {
    OEmbed {
        title: ATTACK.to_owned(),
        provider: "https://stories.example/".to_owned(),
        max_age: 3600,
        photo: Some(picture("")),
        thumbnail: Some(picture("")),
    }
}

pub fn feed() -> Feed {
    let entry = FeedEntry {
        address: "https://stories.example/s/lamp/1".to_owned(),
        number: 1,
        title: format!("The lamp {ATTACK}"),
        paragraphs: paragraphs(WORDS),
        language: "en".to_owned(),
        picture: Some(picture("A lamp & a gull")),
        updated: "2026-11-30T21:00:00Z".to_owned(),
    };
    Feed {
        id: "urn:uuid:0197f2c4-5b1e-7c3a-9d1e-000000000000".to_owned(),
        title: ATTACK.to_owned(),
        author: "kitchen".to_owned(),
        address: "https://stories.example/s/lamp".to_owned(),
        feed_address: "https://stories.example/s/lamp/feed.atom".to_owned(),
        updated: "2026-11-30T21:00:00Z".to_owned(),
        entries: vec![entry],
    }
}
