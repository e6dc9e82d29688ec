//! Sample views of shares, visitors and the first start.

use calliope_web::{
    ConsentPage, Cover, ForgetPage, FramePart, GonePage, ListPage, Neighbour, PendingFrame,
    Picture, ReaderPage, SetupPage, SetupReadyPage, ShareCard, SharePage, Shell, TakenHomePage,
    VisitorPage,
};

use super::{ATTACK, WORDS, cover, frame, picture, render, shell};

pub(super) const BASE: &str = "/x/Zm9vYmFyYmF6cXV4MTIzNA";

/// What surrounds the pages of a share.
pub(super) fn shared_shell() -> Shell {
    Shell { is_shared: true, ..Shell::default() }
}

/// A picture by an address that works for a while.
pub(super) fn signed_picture() -> Picture {
    let address = "/media/signed/media/0197f2c4.png?expires=1&signature=a-b_c".to_owned();
    Picture { address, ..picture("A lighthouse in the rain") }
}

fn share() -> SharePage {
    let card = |id, comment: &str, summary: &str, is_open| ShareCard {
        id,
        comment: comment.to_owned(),
        summary: summary.to_owned(),
        is_open,
    };
    SharePage {
        shell: shell(),
        title: "The lamp".to_owned(),
        slug: "the-lamp-had-burned-for".to_owned(),
        shares: vec![
            card(2, "For Anna", "works until 30 December 2026 · opened once", true),
            card(1, "", "taken back on 29 November 2026 · never opened", false),
        ],
        ..SharePage::default()
    }
}

fn shared_story() -> ReaderPage {
    let shown = FramePart { number: 2, picture: Some(signed_picture()), ..frame(WORDS, "en") };
    let neighbour =
        |number: i32| Some(Neighbour { address: format!("{BASE}/{number}"), picture: None });
    ReaderPage {
        shell: shared_shell(),
        pages: format!("{BASE}/"),
        events: format!("{BASE}/events"),
        title: "The lamp".to_owned(),
        description: WORDS.to_owned(),
        count: 3,
        frame: Some(shown),
        previous: neighbour(1),
        next: neighbour(3),
        origin: "https://stories.example".to_owned(),
        ..ReaderPage::default()
    }
}

fn consent() -> ConsentPage {
    ConsentPage {
        shell: shared_shell(),
        base: BASE.to_owned(),
        photos_removed: "after 1 day".to_owned(),
        stories_kept: "30 December 2026".to_owned(),
        ..ConsentPage::default()
    }
}

fn visitor() -> VisitorPage {
    VisitorPage {
        shell: shared_shell(),
        base: BASE.to_owned(),
        idempotency_key: "0197f2c4".to_owned(),
        ..VisitorPage::default()
    }
}

fn list() -> ListPage {
    let story = Cover { address: format!("{BASE}/the-lamp-had-burned-for/1"), ..cover("The lamp") };
    ListPage {
        shell: shared_shell(),
        name: "Rain".to_owned(),
        description: "Stories for wet days".to_owned(),
        covers: vec![story],
        more: Some(format!("{BASE}?before=abc")),
    }
}

#[expect(clippy::too_many_lines, reason = "one list of samples")]
pub(super) fn all() -> Vec<(&'static str, String)> {
    let step = "The storyteller is writing …".to_owned();
    let pending = Some(PendingFrame { task_id: "0197f2c4".to_owned(), step });
    let link = Some(format!("https://stories.example{BASE}"));
    let mut made_below_a_proxy = SharePage { link, is_private: true, ..share() };
    "/stories".clone_into(&mut made_below_a_proxy.shell.root);
    made_below_a_proxy.link = Some(format!("https://stories.example/stories{BASE}"));
    let empty = ReaderPage { frame: None, count: 0, previous: None, next: None, ..shared_story() };
    let in_list = ReaderPage {
        pages: format!("{BASE}/the-lamp-had-burned-for/"),
        events: format!("{BASE}/the-lamp-had-burned-for/events"),
        list: Some(BASE.to_owned()),
        ..shared_story()
    };
    let pictures_removed = "A story that is not continued loses its pictures after 7 days.";
    let known = ConsentPage {
        pictures_removed: pictures_removed.to_owned(),
        operator: "Museum of Rain, rain@museum.example".to_owned(),
        providers: "OpenAI and Runway".to_owned(),
        problem: Some("The camera opens when you agree: tick the box first.".to_owned()),
        ..consent()
    };
    let told =
        VisitorPage { title: "The lamp".to_owned(), frame: Some(frame(WORDS, "en")), ..visitor() };
    let home = TakenHomePage {
        shell: shared_shell(),
        base: BASE.to_owned(),
        link: format!("https://stories.example{BASE}"),
        until: "30 December 2026".to_owned(),
    };
    let forget =
        ForgetPage { shell: shared_shell(), base: BASE.to_owned(), ..ForgetPage::default() };
    let gone = GonePage { shell: shared_shell(), ..GonePage::default() };
    vec![
        ("share_new", render(&share())),
        ("share_made_below_a_proxy", render(&made_below_a_proxy)),
        ("shared_story", render(&shared_story())),
        ("shared_story_empty", render(&empty)),
        ("shared_story_in_a_list", render(&in_list)),
        ("shared_list", render(&list())),
        (
            "shared_list_empty",
            render(&ListPage {
                description: String::new(),
                covers: Vec::new(),
                more: None,
                ..list()
            }),
        ),
        ("gone", render(&gone)),
        ("gone_visitor", render(&GonePage { forget: format!("{BASE}/forget"), ..gone.clone() })),
        ("consent", render(&consent())),
        ("consent_known", render(&known)),
        ("visitor_new", render(&visitor())),
        ("visitor_pending", render(&VisitorPage { pending, ..visitor() })),
        ("visitor_told", render(&told)),
        ("taken_home", render(&home)),
        ("forget", render(&forget)),
        ("forget_asked", render(&ForgetPage { is_requested: true, ..forget.clone() })),
        ("forget_done", render(&ForgetPage { is_requested: true, is_done: true, ..forget })),
        ("setup", render(&setup())),
        (
            "setup_problem",
            render(&SetupPage {
                problem: Some("The code is wrong.".to_owned()),
                providers: "OpenAI".to_owned(),
                ..setup()
            }),
        ),
        ("setup_ready", render(&ready())),
        (
            "setup_ready_pending",
            render(&SetupReadyPage { is_pending: true, ..SetupReadyPage::default() }),
        ),
    ]
}

fn setup() -> SetupPage {
    SetupPage { code: "K7QM-2HXD".to_owned(), ..SetupPage::default() }
}

fn ready() -> SetupReadyPage {
    SetupReadyPage {
        shell: Shell { user: Some("anna".to_owned()), ..shell() },
        frame: Some(frame(WORDS, "en")),
        slug: "the-lamp-had-burned-for".to_owned(),
        ..SetupReadyPage::default()
    }
}

/// Every page with stored text or what somebody typed, each full of markup.
pub(super) fn hostile() -> Vec<(&'static str, String)> {
    let attack = || ATTACK.to_owned();
    let mut made = SharePage { title: attack(), problem: Some(attack()), ..share() };
    made.link = Some(attack());
    made.shares[0].comment = attack();
    let story = ReaderPage {
        title: attack(),
        description: attack(),
        frame: Some(frame(ATTACK, "en")),
        ..shared_story()
    };
    let list =
        ListPage { name: attack(), description: attack(), covers: vec![cover(ATTACK)], ..list() };
    let camera = VisitorPage {
        title: attack(),
        frame: Some(frame(ATTACK, "en")),
        problem: Some(attack()),
        ..visitor()
    };
    let home = TakenHomePage { link: attack(), until: attack(), ..TakenHomePage::default() };
    let setup = SetupPage {
        code: attack(),
        username: attack(),
        place: attack(),
        problem: Some(attack()),
        ..SetupPage::default()
    };
    vec![
        ("share", render(&made)),
        ("shared_story", render(&story)),
        ("shared_list", render(&list)),
        ("consent", render(&ConsentPage { operator: attack(), ..consent() })),
        ("visitor", render(&camera)),
        ("taken_home", render(&home)),
        ("setup", render(&setup)),
        ("setup_ready", render(&SetupReadyPage { notice: Some(attack()), ..ready() })),
    ]
}
