//! The text of a script for a shell, read as far as it takes to know where a path in it is
//! a word and no code.
//!
//! Nested quotes, expansions with text of their own, arithmetic and here-documents are not
//! understood, and so refused: shells differ in how they read them.

/// Stands where the path belongs, until the command is split into words. No argument of a
/// process can hold it, so that nothing else is taken for it.
pub(super) const PLACE: char = '\0';

/// Whether a character in a word lets a program read the word as code and not as a path.
pub(super) fn is_syntax(character: char) -> bool {
    ";|&$()[]<>`\"'{}*?!#~\\ \t\n".contains(character)
}

/// A script that is understood.
pub(super) struct Script {
    parts: Vec<Part>,
    /// The words of each command, without their quotes.
    pub(super) commands: Vec<Vec<Word>>,
}

/// A word of a command, as the command gets it.
#[derive(Default)]
pub(super) struct Word {
    pub(super) text: String,
    /// Whether something in it would be syntax, were it not quoted.
    has_quoted_syntax: bool,
}

impl Word {
    /// Whether it is more than a path or the value of an option.
    pub(super) fn is_code(&self) -> bool {
        self.has_quoted_syntax && self.text.contains(PLACE)
    }
}

enum Part {
    Text(String),
    Path(Quotes),
}

/// What is around a path.
#[derive(Clone, Copy)]
enum Quotes {
    None,
    Single,
    Double,
    /// It is in a comment, where nothing can be put in safely.
    Comment,
}

impl Script {
    /// `None` where the text is not understood.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut reader = Reader::new(text);
        while let Some(next) = reader.take() {
            reader.read(next)?;
        }
        reader.end_command();
        let mut parts = reader.parts;
        parts.push(Part::Text(reader.text));
        Some(Self {
            parts,
            commands: reader.commands,
        })
    }

    /// The script with a path put in, as quotes around it need.
    pub(super) fn filled(&self, path: &str) -> String {
        let filled = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Path(Quotes::None) => format!("'{}'", path.replace('\'', r"'\''")),
            Part::Path(Quotes::Single) => path.replace('\'', r"'\''"),
            Part::Path(Quotes::Double) => escaped(path),
            Part::Path(Quotes::Comment) => "{tree}".to_owned(),
        };
        self.parts.iter().map(filled).collect()
    }
}

/// A text as it stands between double quotes.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        if "\\$\"`".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// What was read last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Blank,
    Word,
    /// An operator, which the next character may belong to.
    Operator,
    /// Something after which shells differ in what begins a comment.
    Other,
}

struct Reader<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    last: Last,
    /// Whether commands are substituted anywhere; not all shells know comments there.
    has_substitution: bool,
    text: String,
    parts: Vec<Part>,
    word: Option<Word>,
    words: Vec<Word>,
    commands: Vec<Vec<Word>>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            rest: text.chars().peekable(),
            last: Last::Blank,
            has_substitution: text.contains("$("),
            text: String::new(),
            parts: Vec::new(),
            word: None,
            words: Vec::new(),
            commands: Vec::new(),
        }
    }

    /// The next character, which stays in the script as it is unless a path comes there.
    fn take(&mut self) -> Option<char> {
        let next = self.rest.next()?;
        if next != PLACE {
            self.text.push(next);
        }
        Some(next)
    }

    fn read(&mut self, next: char) -> Option<()> {
        match next {
            '\\' => self.read_escaped(),
            '\'' => self.read_single_quoted(),
            '"' => self.read_double_quoted(),
            '$' => self.read_expansion(),
            '#' if self.last == Last::Blank => self.read_comment(),
            '#' if self.last != Last::Word => None,
            ' ' | '\t' => {
                self.end_word();
                self.last = Last::Blank;
                Some(())
            }
            ';' | '&' | '|' | '(' | ')' | '<' | '>' | '\n' => self.read_operator(next),
            PLACE => self.add_path(Quotes::None),
            '`' => None,
            next if next.is_control() => None,
            next => {
                self.add(next, false);
                Some(())
            }
        }
    }

    fn read_escaped(&mut self) -> Option<()> {
        match self.take()? {
            PLACE => None,
            // The line goes on, and with it what was begun.
            '\n' if self.last == Last::Operator => None,
            '\n' if self.last == Last::Word => Some(()),
            '\n' => {
                self.last = Last::Other;
                Some(())
            }
            next => {
                self.add(next, true);
                Some(())
            }
        }
    }

    fn read_single_quoted(&mut self) -> Option<()> {
        self.begin_word();
        loop {
            match self.take()? {
                '\'' => return Some(()),
                PLACE => self.add_path(Quotes::Single)?,
                next => self.add(next, true),
            }
        }
    }

    fn read_double_quoted(&mut self) -> Option<()> {
        self.begin_word();
        loop {
            match self.take()? {
                '"' => return Some(()),
                '`' => return None,
                PLACE => self.add_path(Quotes::Double)?,
                '\\' => match self.take()? {
                    PLACE => return None,
                    '\n' => {}
                    next => self.add(next, true),
                },
                '$' if self.rest.peek() == Some(&'(') => self.read_simple_substitution()?,
                '$' if self.rest.peek() == Some(&'"') => self.add('$', true),
                '$' => self.read_expansion()?,
                next => self.add(next, true),
            }
        }
    }

    /// A `$` that begins no text of its own, whose quotes would nest.
    fn read_expansion(&mut self) -> Option<()> {
        self.add('$', false);
        match self.rest.peek().copied() {
            None | Some(' ' | '\t' | '\n') => Some(()),
            Some('{') => self.read_braced_name(),
            Some('(') => {
                self.take();
                self.read_operator('(')
            }
            Some(next) if next.is_ascii_alphanumeric() || "_?#@*!-$".contains(next) => {
                self.take();
                self.add(next, false);
                Some(())
            }
            Some(_) => None,
        }
    }

    /// `${name}`.
    fn read_braced_name(&mut self) -> Option<()> {
        self.take();
        let mut name = String::new();
        loop {
            match self.take()? {
                '}' => break,
                next => name.push(next),
            }
        }
        let is_in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_plain = !name.is_empty() && name.chars().all(is_in_name);
        is_plain.then(|| name.chars().for_each(|c| self.add(c, false)))
    }

    /// `$(command)` in double quotes, of plain words alone.
    fn read_simple_substitution(&mut self) -> Option<()> {
        self.take();
        self.add('$', false);
        let mut command = String::new();
        loop {
            match self.take()? {
                ')' => break,
                next if next.is_alphanumeric() || " /._-+,:@%=".contains(next) => {
                    command.push(next);
                }
                _ => return None,
            }
        }
        let word = |text: &str| Word {
            text: text.to_owned(),
            has_quoted_syntax: false,
        };
        let words: Vec<Word> = command.split(' ').map(word).collect();
        // Its patterns end with a parenthesis too.
        let has_patterns = words.iter().any(|word| word.text == "case");
        self.commands.push(words);
        (!has_patterns).then_some(())
    }

    fn read_comment(&mut self) -> Option<()> {
        while let Some(next) = self.rest.peek().copied() {
            match next {
                '\n' => break,
                '\\' => return None,
                '\'' | '"' | '`' | '(' | ')' if self.has_substitution => return None,
                _ => {}
            }
            if self.take() == Some(PLACE) {
                self.add_part(Quotes::Comment);
            }
        }
        Some(())
    }

    fn read_operator(&mut self, operator: char) -> Option<()> {
        self.end_command();
        self.last = match operator {
            '\n' => Last::Blank,
            ')' => Last::Other,
            _ => Last::Operator,
        };
        // Arithmetic, and here-documents.
        let is_doubled = self.rest.peek() == Some(&operator);
        (!is_doubled || !"(<".contains(operator)).then_some(())
    }

    fn add(&mut self, character: char, is_quoted: bool) {
        let word = self.begin_word();
        word.text.push(character);
        word.has_quoted_syntax |= is_quoted && is_syntax(character);
    }

    fn add_path(&mut self, quotes: Quotes) -> Option<()> {
        let word = self.begin_word();
        // The subscript of an array is evaluated.
        let is_subscript = word.text.contains('[');
        word.text.push(PLACE);
        self.add_part(quotes);
        (!is_subscript).then_some(())
    }

    fn add_part(&mut self, quotes: Quotes) {
        let text = std::mem::take(&mut self.text);
        self.parts.extend([Part::Text(text), Part::Path(quotes)]);
    }

    fn begin_word(&mut self) -> &mut Word {
        self.last = Last::Word;
        self.word.get_or_insert_default()
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }

    fn end_command(&mut self) {
        self.end_word();
        self.commands.push(std::mem::take(&mut self.words));
    }
}
