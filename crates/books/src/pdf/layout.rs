//! Composes a book into pages of one size: a title page, a page or more for each frame, and a colophon.

use super::lines::{Line, Setting, break_lines};
use super::typeface::{Style, Typefaces};
use crate::book::{Book, BookPage};

/// The size of a page with its type, in points.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageSize {
    pub(super) width: f32,
    pub(super) height: f32,
    /// Margins at the left and at the right.
    side: f32,
    top: f32,
    bottom: f32,
    /// Size of the words, and the distance between their lines.
    text: f32,
    leading: f32,
    title: f32,
    small: f32,
    /// The smallest part of the height between the margins that a picture takes.
    least_picture: f32,
}

impl PageSize {
    /// 148 by 210 mm.
    pub(super) const A5: Self = Self {
        width: 419.53,
        height: 595.28,
        side: 46.0,
        top: 46.0,
        bottom: 58.0,
        text: 11.5,
        leading: 17.0,
        title: 25.0,
        small: 9.5,
        least_picture: 0.42,
    };

    /// 105 by 148.5 mm: a quarter of A4.
    pub(super) const A6: Self = Self {
        width: 297.64,
        height: 420.94,
        side: 28.0,
        top: 28.0,
        bottom: 36.0,
        text: 8.5,
        leading: 12.2,
        title: 17.0,
        small: 7.0,
        least_picture: 0.36,
    };

    fn text_width(&self) -> f32 {
        self.width - 2.0 * self.side
    }

    fn text_height(&self) -> f32 {
        self.height - self.top - self.bottom
    }
}

/// What a page shows.
#[derive(Debug, Default)]
pub(super) struct Composed {
    pub(super) items: Vec<Item>,
    /// The page's title in the document's outline.
    pub(super) outline: Option<String>,
}

/// A part of a page. Positions are in points from the top left.
#[derive(Debug)]
pub(super) enum Item {
    /// A heading.
    Heading { level: u16, lines: Vec<SetLine> },
    /// A paragraph, or the part of one that is on the page.
    Paragraph { lines: Vec<SetLine> },
    /// A picture of the book's page with an index.
    Picture { page: usize, x: f32, y: f32, width: f32, height: f32 },
    /// A line that screen readers leave out, such as a page number.
    Decoration(SetLine),
}

/// A line of text at its place.
#[derive(Debug, Clone)]
pub(super) struct SetLine {
    pub(super) text: String,
    pub(super) style: Style,
    pub(super) size: f32,
    pub(super) x: f32,
    /// Position of the baseline.
    pub(super) y: f32,
    pub(super) is_soft: bool,
}

/// Composes a whole book.
pub(super) fn compose(book: &Book, typefaces: &Typefaces, size: &PageSize) -> Vec<Composed> {
    let composer = Composer { book, typefaces, size };
    let mut pages = vec![composer.title_page()];
    for (index, page) in book.pages.iter().enumerate() {
        pages.extend(composer.frame_pages(index, page));
    }
    pages.push(composer.colophon());
    pages
}

/// Composes pages of a book.
pub(super) struct Composer<'a> {
    pub(super) book: &'a Book,
    pub(super) typefaces: &'a Typefaces,
    pub(super) size: &'a PageSize,
}

impl Composer<'_> {
    /// Composes the title page: the first picture, the title, and who told the story.
    pub(super) fn title_page(&self) -> Composed {
        let size = self.size;
        let mut items = Vec::new();
        let mut y = size.height * 0.16;
        let cover = self.book.pages.iter().position(|page| page.picture.is_some());
        if let Some(page) = cover {
            let largest = (size.text_width() * 0.72, size.height * 0.38);
            let (width, height) = self.fitted(page, largest);
            y = size.height * 0.13;
            items.push(Item::Picture { page, x: (size.width - width) / 2.0, y, width, height });
            y += height;
        }
        y += size.title * 2.2;
        // A long title is set smaller.
        let scale = if self.book.title.chars().count() > 40 { 0.75 } else { 1.0 };
        let title = self.centred(&self.book.title, Style::Italic, size.title * scale, &mut y);
        items.push(Item::Heading { level: 1, lines: title });
        y += size.text * 0.6;
        let below = [self.book.volume.as_deref(), Some(self.book.author.as_str())];
        for line in below.into_iter().flatten().filter(|line| !line.is_empty()) {
            let lines = self.centred(line, Style::Regular, size.text, &mut y);
            items.push(Item::Paragraph { lines: soft(lines) });
        }
        let mut foot = size.height - size.bottom;
        let name = self.centred("Calliope", Style::Italic, size.small, &mut foot);
        items.extend(soft(name).into_iter().map(Item::Decoration));
        Composed { items, outline: Some(self.book.title.clone()) }
    }

    /// Composes a frame: its picture above its words. Words that find no room go on on further pages.
    pub(super) fn frame_pages(&self, index: usize, page: &BookPage) -> Vec<Composed> {
        let size = self.size;
        let lines = self.words(page, size.text);
        let (mut items, mut y, mut room) = (Vec::new(), size.top, size.text_height());
        if page.picture.is_some() {
            let gap = size.leading * 1.25;
            let needed = lines.len() as f32 * size.leading + gap;
            let least = room * size.least_picture;
            let highest = (room - needed).max(least);
            let (width, height) = self.fitted(index, (size.text_width(), highest));
            let x = (size.width - width) / 2.0;
            items.push(Item::Picture { page: index, x, y, width, height });
            y += height + gap;
            room -= height + gap;
        }
        let mut pages = Vec::new();
        let mut rest = lines.as_slice();
        loop {
            let fits = ((room / size.leading) as usize).min(rest.len());
            let (here, later) = rest.split_at(fits);
            items.extend(self.set(here, size.text, size.leading, y));
            items.push(Item::Decoration(self.folio(page.number)));
            let outline = pages.is_empty().then(|| page.label());
            pages.push(Composed { items: std::mem::take(&mut items), outline });
            rest = later;
            (y, room) = (size.top, size.text_height());
            if rest.is_empty() {
                return pages;
            }
        }
    }

    /// Composes a frame on one page. Words that find no room even in a smaller size end with an ellipsis.
    pub(super) fn frame_page(&self, index: usize, page: &BookPage) -> Composed {
        let size = self.size;
        let room = size.text_height();
        let gap = size.leading;
        let least = if page.picture.is_some() { room * size.least_picture + gap } else { 0.0 };
        let scales = [1.0, 0.9, 0.8, 0.72];
        let set = scales.map(|scale| (scale, self.words(page, size.text * scale)));
        let count_of = |scale: f32| ((room - least) / (size.leading * scale)) as usize;
        let fitting = set.iter().find(|(scale, lines)| lines.len() <= count_of(*scale));
        let (scale, lines) = match fitting {
            Some((scale, lines)) => (*scale, lines.clone()),
            None => {
                let (scale, lines) = &set[scales.len() - 1];
                (*scale, cut(lines, count_of(*scale)))
            }
        };
        let leading = size.leading * scale;
        let (mut items, mut y) = (Vec::new(), size.top);
        if page.picture.is_some() {
            let highest = room - lines.len() as f32 * leading - gap;
            let (width, height) = self.fitted(index, (size.text_width(), highest));
            let x = (size.width - width) / 2.0;
            items.push(Item::Picture { page: index, x, y, width, height });
            y += height + gap;
        }
        items.extend(self.set(&lines, size.text * scale, leading, y));
        items.push(Item::Decoration(self.folio(page.number)));
        Composed { items, outline: None }
    }

    /// Composes the last page. What finds no room on it is left out.
    pub(super) fn colophon(&self) -> Composed {
        let size = self.size;
        let mut y = size.height * 0.2;
        let heading = SetLine {
            text: "Colophon".to_owned(),
            style: Style::Italic,
            size: size.title * 0.66,
            x: size.side,
            y,
            is_soft: false,
        };
        let mut items = vec![Item::Heading { level: 1, lines: vec![heading] }];
        y += size.leading * 0.8;
        let leading = size.small * 1.45;
        for entry in &self.book.colophon {
            let label = SetLine {
                text: entry.label.clone(),
                style: Style::Italic,
                size: size.small,
                x: size.side,
                y: y + leading * 1.5,
                is_soft: true,
            };
            let setting = Setting { size: size.small, width: size.text_width(), indent: 0.0 };
            let typeface = self.typefaces.style(Style::Regular);
            let lines = break_lines(std::slice::from_ref(&entry.text), typeface, setting);
            let end = y + leading * (1.5 + lines.len() as f32);
            if end > size.height - size.bottom {
                break;
            }
            items.push(Item::Paragraph { lines: vec![label] });
            items.extend(self.set(&lines, size.small, leading, y + leading * 1.75));
            y = end;
        }
        Composed { items, outline: Some("Colophon".to_owned()) }
    }

    fn words(&self, page: &BookPage, text: f32) -> Vec<Line> {
        let setting = Setting { size: text, width: self.size.text_width(), indent: text * 1.3 };
        break_lines(&page.paragraphs, self.typefaces.style(Style::Regular), setting)
    }

    /// Places lines below each other from `y`, and groups them by paragraph.
    fn set(&self, lines: &[Line], size: f32, leading: f32, y: f32) -> Vec<Item> {
        let mut items = Vec::new();
        let mut paragraph = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            if line.begins_paragraph && !paragraph.is_empty() {
                items.push(Item::Paragraph { lines: std::mem::take(&mut paragraph) });
            }
            paragraph.push(SetLine {
                text: line.text.clone(),
                style: Style::Regular,
                size,
                x: self.size.side + line.indent,
                // The baseline is below the top of the line by about the height of its letters.
                y: y + leading * (index as f32) + size * 0.92,
                is_soft: false,
            });
        }
        if !paragraph.is_empty() {
            items.push(Item::Paragraph { lines: paragraph });
        }
        items
    }

    /// Places a text in the middle of the page, as many lines as it needs, and moves `y` below it.
    fn centred(&self, text: &str, style: Style, size: f32, y: &mut f32) -> Vec<SetLine> {
        let typeface = self.typefaces.style(style);
        let setting = Setting { size, width: self.size.text_width(), indent: 0.0 };
        let lines = break_lines(&[text.to_owned()], typeface, setting);
        let place = |line: Line| {
            let x = (self.size.width - typeface.width(&line.text) * size) / 2.0;
            let set = SetLine { text: line.text, style, size, x, y: *y, is_soft: false };
            *y += size * 1.28;
            set
        };
        lines.into_iter().map(place).collect()
    }

    fn folio(&self, number: i32) -> SetLine {
        let text = number.to_string();
        let size = self.size.small;
        let width = self.typefaces.style(Style::Regular).width(&text) * size;
        let (x, y) = ((self.size.width - width) / 2.0, self.size.height - self.size.bottom * 0.52);
        SetLine { text, style: Style::Regular, size, x, y, is_soft: true }
    }

    /// Returns the size of a page's picture within the largest width and height.
    fn fitted(&self, page: usize, (width, height): (f32, f32)) -> (f32, f32) {
        let picture = self.book.pages.get(page).and_then(|page| page.picture.as_ref());
        let (w, h) = picture.map_or((1.0, 1.0), |picture| {
            (picture.width.max(1) as f32, picture.height.max(1) as f32)
        });
        let scale = (width / w).min(height / h);
        (w * scale, h * scale)
    }
}

/// Returns the lines that fit; the last ends with an ellipsis.
fn cut(lines: &[Line], count: usize) -> Vec<Line> {
    let mut kept: Vec<Line> = lines.iter().take(count.max(1)).cloned().collect();
    if let Some(last) = kept.last_mut().filter(|_| lines.len() > count) {
        let start = last.text.rsplit_once(' ').map_or(last.text.as_str(), |(words, _)| words);
        last.text = format!("{}…", start.trim_end_matches([',', ';', ':', '.', '-', '–', '—']));
    }
    kept
}

fn soft(lines: Vec<SetLine>) -> Vec<SetLine> {
    lines.into_iter().map(|line| SetLine { is_soft: true, ..line }).collect()
}
