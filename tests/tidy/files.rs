//! Which file of a crate uses which, as its paths and imports say.
//!
//! Code under `#[cfg(test)]` is left out. A re-export is no use: who imports a name
//! from a folder uses the file in which it is defined. What cannot be seen are
//! methods, whose file no path names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, Macro, UseTree, Visibility};

/// The names from the crate's root to a module.
type Module = Vec<String>;

/// The files of a crate and their uses of each other.
#[derive(Default)]
pub(crate) struct Files {
    modules: BTreeMap<Module, PathBuf>,
    /// What each module defines.
    items: BTreeSet<(Module, String)>,
    /// What each module imports, by the name that it has there.
    imports: BTreeMap<(Module, String), Vec<String>>,
    globs: Vec<(Module, Vec<String>)>,
    /// Every path that is mentioned in a module.
    mentions: Vec<(Module, Vec<String>)>,
}

impl Files {
    /// Reads a crate from its root file.
    pub(crate) fn read(root: &Path) -> Self {
        let mut files = Self::default();
        files.read_file(root, root.parent().unwrap(), Module::new());
        files
    }

    /// Every file with those that it uses.
    pub(crate) fn uses(&self) -> BTreeMap<&Path, BTreeSet<&Path>> {
        let mut uses: BTreeMap<&Path, BTreeSet<&Path>> = BTreeMap::new();
        for (module, path) in &self.mentions {
            let Some(defined_in) = self.resolve(module, path, 8) else {
                continue;
            };
            let [user, used] = [module, &defined_in].map(|module| self.modules[module].as_path());
            if user != used {
                uses.entry(user).or_default().insert(used);
            }
        }
        uses
    }

    /// `folder` is where the module's own modules are.
    fn read_file(&mut self, path: &Path, folder: &Path, module: Module) {
        let text = std::fs::read_to_string(path).unwrap();
        let file = syn::parse_file(&text).unwrap();
        let mut reader = Reader {
            files: self,
            path,
            folder,
            module,
        };
        reader.read_items(&file.items);
    }

    /// The module that defines what a path names; `None` where it names a module, or
    /// something from elsewhere.
    fn resolve(&self, module: &Module, path: &[String], depth: u32) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => self.walk(Module::new(), rest, depth),
            "self" => self.walk(module.clone(), rest, depth),
            "super" => {
                let parent = &module[..module.len().checked_sub(1)?];
                let mut from_parent = vec!["self".to_owned()];
                from_parent.extend_from_slice(rest);
                if rest.first().is_some_and(|next| next == "super") {
                    from_parent.remove(0);
                }
                self.resolve(&parent.to_vec(), &from_parent, depth)
            }
            _ => self.walk(module.clone(), path, depth),
        }
    }

    /// Follows names from a module on.
    fn walk(&self, module: Module, path: &[String], depth: u32) -> Option<Module> {
        let (name, rest) = path.split_first()?;
        let depth = depth.checked_sub(1)?;
        let child: Module = module.iter().cloned().chain([name.clone()]).collect();
        let key = (module, name.clone());
        if self.items.contains(&key) {
            return Some(key.0);
        }
        if self.modules.contains_key(&child) {
            return self.walk(child, rest, depth + 1);
        }
        if let Some(import) = self.imports.get(&key) {
            let mut longer = import.clone();
            longer.extend_from_slice(rest);
            // A name that is imported from a crate of that name would go round.
            return (*import != [name.clone()])
                .then(|| self.resolve(&key.0, &longer, depth))
                .flatten();
        }
        let mut globs = self.globs.iter().filter(|(of, _)| *of == key.0);
        globs.find_map(|(of, glob)| self.resolve(of, &[glob.as_slice(), path].concat(), depth))
    }
}

/// Collects what one file says.
struct Reader<'a> {
    files: &'a mut Files,
    path: &'a Path,
    folder: &'a Path,
    module: Module,
}

impl Reader<'_> {
    fn read_items(&mut self, items: &[Item]) {
        let known = self.files.modules.entry(self.module.clone());
        known.or_insert_with(|| self.path.to_owned());
        for item in items {
            self.visit_item(item);
        }
    }

    fn define(&mut self, name: &syn::Ident) {
        let name = name.to_string();
        self.files.items.insert((self.module.clone(), name));
    }

    fn import(&mut self, tree: &UseTree, prefix: &[String], is_public: bool) {
        let longer = |name: &syn::Ident| [prefix, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.import(&path.tree, &longer(&path.ident), is_public),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, prefix, is_public);
                }
            }
            UseTree::Glob(_) => {
                let glob = (self.module.clone(), prefix.to_vec());
                self.files.globs.push(glob);
            }
            UseTree::Name(name) if name.ident == "self" => {
                let last = prefix.last().unwrap().clone();
                self.add_import(last, prefix.to_vec(), is_public);
            }
            UseTree::Name(name) => {
                self.add_import(name.ident.to_string(), longer(&name.ident), is_public);
            }
            UseTree::Rename(name) => {
                self.add_import(name.rename.to_string(), longer(&name.ident), is_public);
            }
        }
    }

    fn add_import(&mut self, name: String, path: Vec<String>, is_public: bool) {
        if !is_public {
            self.files
                .mentions
                .push((self.module.clone(), path.clone()));
        }
        self.files.imports.insert((self.module.clone(), name), path);
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes: &[Attribute] = match item {
            Item::Mod(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            Item::Struct(item) => &item.attrs,
            _ => &[],
        };
        if attributes.iter().any(is_for_tests) {
            return;
        }
        match item {
            Item::Const(item) => self.define(&item.ident),
            Item::Enum(item) => self.define(&item.ident),
            Item::Fn(item) => self.define(&item.sig.ident),
            Item::Static(item) => self.define(&item.ident),
            Item::Struct(item) => self.define(&item.ident),
            Item::Trait(item) => self.define(&item.ident),
            Item::Type(item) => self.define(&item.ident),
            Item::Macro(item) => item.ident.iter().for_each(|name| self.define(name)),
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let name = item.ident.to_string();
        let module: Module = self.module.iter().cloned().chain([name.clone()]).collect();
        if let Some((_, items)) = &item.content {
            let folder = self.folder.join(&name);
            let mut inner = Reader {
                files: &mut *self.files,
                path: self.path,
                folder: &folder,
                module,
            };
            inner.read_items(items);
            return;
        }
        let [file, of_folder] =
            [format!("{name}.rs"), format!("{name}/mod.rs")].map(|path| self.folder.join(path));
        let path = if file.exists() { file } else { of_folder };
        let folder = self.folder.join(&name);
        self.files.read_file(&path, &folder, module);
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let is_public = !matches!(item.vis, Visibility::Inherited);
        self.import(&item.tree, &[], is_public);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|name| name.ident.to_string());
        self.files
            .mentions
            .push((self.module.clone(), names.collect()));
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast Macro) {
        visit::visit_macro(self, item);
        for path in paths(item.tokens.clone()) {
            self.files.mentions.push((self.module.clone(), path));
        }
    }
}

/// The paths in the arguments of a macro.
fn paths(tokens: TokenStream) -> Vec<Vec<String>> {
    let mut paths = vec![Vec::new()];
    let mut colons = 0;
    for token in tokens {
        let last = paths.last_mut().unwrap();
        match token {
            TokenTree::Ident(name) if colons == 2 && !last.is_empty() => {
                last.push(name.to_string());
            }
            TokenTree::Ident(name) => paths.push(vec![name.to_string()]),
            TokenTree::Punct(mark) if mark.as_char() == ':' => {
                colons += 1;
                continue;
            }
            TokenTree::Group(group) => {
                paths.extend(self::paths(group.stream()));
                paths.push(Vec::new());
            }
            _ => paths.push(Vec::new()),
        }
        colons = 0;
    }
    paths.retain(|path| !path.is_empty());
    paths
}

fn is_for_tests(attribute: &Attribute) -> bool {
    let says_test =
        |tokens: &TokenStream| paths(tokens.clone()).iter().any(|path| path == &["test"]);
    match &attribute.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && says_test(&list.tokens),
        _ => false,
    }
}

/// The circles among files: each is a set of files of which every one leads to
/// every other.
pub(crate) fn circles<'a>(
    uses: &BTreeMap<&'a Path, BTreeSet<&'a Path>>,
) -> Vec<BTreeSet<&'a Path>> {
    let reached: BTreeMap<&Path, BTreeSet<&Path>> = uses
        .keys()
        .map(|file| (*file, reached(uses, file)))
        .collect();
    let mut circles: Vec<BTreeSet<&Path>> = Vec::new();
    for (file, others) in &reached {
        let leads_back =
            |other: &&&Path| reached.get(**other).is_some_and(|back| back.contains(file));
        let circle: BTreeSet<&Path> = others.iter().filter(leads_back).copied().collect();
        if !circle.is_empty() && !circles.contains(&circle) {
            circles.push(circle);
        }
    }
    circles
}

/// All files to which one leads.
fn reached<'a>(uses: &BTreeMap<&'a Path, BTreeSet<&'a Path>>, from: &Path) -> BTreeSet<&'a Path> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&Path> = uses[from].iter().copied().collect();
    while let Some(file) = next.pop() {
        if reached.insert(file)
            && let Some(more) = uses.get(file)
        {
            next.extend(more);
        }
    }
    reached
}
