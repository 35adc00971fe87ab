//! A page of documentation: its blocks of code, its links and its headings.

use std::collections::BTreeSet;
use std::path::PathBuf;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::support::workspace;

/// A page of documentation.
pub(crate) struct Page {
    /// Its path within the repository.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) blocks: Vec<Block>,
}

/// A fenced block of a page.
pub(crate) struct Block {
    pub(crate) info: String,
    pub(crate) text: String,
}

impl Page {
    pub(crate) fn read(path: &str) -> Self {
        let text = std::fs::read_to_string(workspace().join(path)).unwrap();
        let mut blocks: Vec<Block> = Vec::new();
        let mut is_within = false;
        for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    is_within = true;
                    blocks.push(Block {
                        info: info.to_string(),
                        text: String::new(),
                    });
                }
                Event::Text(text) if is_within => blocks.last_mut().unwrap().text += &text,
                Event::End(TagEnd::CodeBlock) => is_within = false,
                _ => {}
            }
        }
        Self {
            path: path.into(),
            text,
            blocks,
        }
    }

    pub(crate) fn of_kind(&self, info: &str) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(move |block| block.info == info)
    }

    /// The commands of all blocks of a kind.
    pub(crate) fn commands(&self, info: &str) -> Vec<String> {
        let blocks = self.of_kind(info);
        blocks.flat_map(|block| self.commands_of(block)).collect()
    }

    pub(crate) fn commands_of(&self, block: &Block) -> Vec<String> {
        let command = |line: &str| match line.strip_prefix("$ ") {
            Some(command) => command.to_owned(),
            None => panic!("{}: {line:?} is no command", self.path.display()),
        };
        block.text.lines().map(command).collect()
    }

    /// The targets of links and pictures, but for those of the web.
    pub(crate) fn links(&self) -> Vec<String> {
        let target = |event| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                Some(dest_url.to_string())
            }
            _ => None,
        };
        let all = Parser::new_ext(&self.text, Options::ENABLE_TABLES).filter_map(target);
        all.filter(|link| !link.contains("://")).collect()
    }

    /// The anchors of its headings, as GitHub makes them.
    pub(crate) fn anchors(&self) -> BTreeSet<String> {
        let mut anchors = BTreeSet::new();
        let mut heading: Option<String> = None;
        for event in Parser::new(&self.text) {
            match (event, &mut heading) {
                (Event::Start(Tag::Heading { .. }), _) => heading = Some(String::new()),
                (Event::Text(text) | Event::Code(text), Some(heading)) => *heading += &text,
                (Event::End(TagEnd::Heading(_)), Some(text)) => {
                    let kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
                    let anchor: String = text.to_lowercase().chars().filter(kept).collect();
                    anchors.insert(anchor.replace(' ', "-"));
                    heading = None;
                }
                _ => {}
            }
        }
        anchors
    }
}

/// The README, and the pages of `docs`.
pub(crate) fn pages() -> Vec<Page> {
    let entries = std::fs::read_dir(workspace().join("docs")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".md")).collect();
    names.sort();
    assert!(names.len() >= 11, "{names:?}");
    let docs = names.iter().map(|name| format!("docs/{name}"));
    let paths = std::iter::once("README.md".to_owned()).chain(docs);
    paths.map(|path| Page::read(&path)).collect()
}

/// And the pages for those who change perfkit.
pub(crate) fn all_pages() -> Vec<Page> {
    let further = ["ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];
    pages().into_iter().chain(further.map(Page::read)).collect()
}
