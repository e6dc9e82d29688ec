//! Pages of lists.

/// One page of a list.
#[derive(Debug)]
pub struct Page<T, Cursor> {
    /// The items of the page.
    pub items: Vec<T>,
    /// The cursor of the next page; `None` on the last page.
    pub next: Option<Cursor>,
}

impl<T, Cursor> Page<T, Cursor> {
    /// Creates a page of the first `limit` rows. The caller reads one row more than `limit`, which shows whether there
    /// is another page. `cursor` returns the position of a row in the list.
    pub(in crate::app) fn from_rows<Row: Into<T>>(
        rows: Vec<Row>,
        limit: i64,
        cursor: impl FnOnce(&Row) -> Cursor,
    ) -> Self {
        Self::from_rows_with(rows, limit, cursor, Into::into)
    }

    /// Does the same as [`Page::from_rows`], with `view` to convert rows to items.
    pub(in crate::app) fn from_rows_with<Row>(
        mut rows: Vec<Row>,
        limit: i64,
        cursor: impl FnOnce(&Row) -> Cursor,
        view: impl FnMut(Row) -> T,
    ) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| has_more).map(cursor);
        Self { items: rows.into_iter().map(view).collect(), next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_goes_on_only_when_there_is_more() {
        let page = |rows: &[i64], limit| {
            let page = Page::<i64, i64>::from_rows(rows.to_vec(), limit, |row| *row);
            (page.items, page.next)
        };
        assert_eq!(page(&[9, 8, 7], 2), (vec![9, 8], Some(8)));
        assert_eq!(page(&[9, 8], 2), (vec![9, 8], None));
        assert_eq!(page(&[], 2), (vec![], None));
    }
}
