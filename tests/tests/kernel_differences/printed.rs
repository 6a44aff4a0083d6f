//! What bpftool prints of a kernel's types.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use core_reloc_tests::judge::skipped;
use serde_json::Value;

/// The types of a kernel, by id.
pub(crate) struct Printed {
    types: Vec<Value>,
    /// The structs and unions with a name, and how many declarations there are of it besides.
    composites: BTreeMap<String, Vec<usize>>,
    enums: BTreeMap<String, Vec<usize>>,
    by_kind: BTreeMap<(String, String), Vec<usize>>,
}

/// A member by its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) offset: u64,
    /// The type as a text that is not C, but tells types apart.
    pub(crate) ty: String,
}

impl Printed {
    /// Has bpftool print a kernel's BTF; `None` if it does not start.
    pub(crate) fn of(btf: &Path) -> Option<Self> {
        let mut bpftool = Command::new("bpftool");
        let output = match bpftool.args(["btf", "dump", "-j", "file"]).arg(btf).output() {
            Ok(output) => output,
            Err(error) => {
                skipped(&format!("bpftool does not start: {error}"));
                return None;
            }
        };
        assert!(output.status.success(), "{}", btf.display());
        let mut value: Value = serde_json::from_slice(&output.stdout).unwrap();
        let Value::Array(list) = value["types"].take() else { panic!("no types") };
        let mut types = vec![Value::Null];
        types.extend(list);
        let mut printed = Self {
            types,
            composites: BTreeMap::new(),
            enums: BTreeMap::new(),
            by_kind: BTreeMap::new(),
        };
        for (id, ty) in printed.types.iter().enumerate().skip(1) {
            assert_eq!(ty["id"].as_u64(), Some(id as u64));
            let (kind, name) =
                (ty["kind"].as_str().unwrap(), ty["name"].as_str().unwrap_or("(anon)"));
            if name == "(anon)" {
                continue;
            }
            let all = printed.by_kind.entry((kind.to_string(), name.to_string())).or_default();
            all.push(id);
            match kind {
                "STRUCT" | "UNION" => {
                    printed.composites.entry(name.to_string()).or_default().push(id)
                }
                "ENUM" | "ENUM64" => printed.enums.entry(name.to_string()).or_default().push(id),
                _ => {}
            }
        }
        Some(printed)
    }

    /// Returns the first struct or union of each name.
    pub(crate) fn composites(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.composites.iter().map(|(name, ids)| (name.as_str(), &self.types[ids[0]]))
    }

    pub(crate) fn composite(&self, name: &str) -> Option<&Value> {
        Some(&self.types[self.composites.get(name)?[0]])
    }

    pub(crate) fn all_composites(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.composites.get(name).into_iter().flatten().map(|id| &self.types[*id])
    }

    pub(crate) fn enums(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.enums.iter().map(|(name, ids)| (name.as_str(), &self.types[ids[0]]))
    }

    pub(crate) fn enumerators_of(&self, name: &str) -> Option<BTreeMap<String, i128>> {
        Some(self.enumerators(&self.types[self.enums.get(name)?[0]]))
    }

    pub(crate) fn enumerators(&self, ty: &Value) -> BTreeMap<String, i128> {
        let values = ty["values"].as_array().into_iter().flatten();
        // bpftool extends the sign of 32-bit values, also of unsigned ones.
        let is_short = ty["kind"] == "ENUM" && ty["encoding"] == "UNSIGNED";
        let value = |value: &Value| {
            let number = value["val"].as_i64().map(i128::from);
            let number = number.or(value["val"].as_u64().map(i128::from)).unwrap();
            if is_short { number & 0xffff_ffff } else { number }
        };
        values.map(|it| (it["name"].as_str().unwrap().to_string(), value(it))).collect()
    }

    /// Returns `true` if at most one struct, union or enum has a name.
    pub(crate) fn is_unique(&self, name: &str) -> bool {
        let count = |all: &BTreeMap<String, Vec<usize>>| all.get(name).map_or(0, Vec::len);
        count(&self.composites) < 2 && count(&self.enums) < 2
    }

    /// Returns the names of types of some kinds, and how many have each.
    pub(crate) fn names(&self, kinds: &[&str]) -> BTreeMap<String, usize> {
        let mut names = BTreeMap::new();
        for ((kind, name), ids) in &self.by_kind {
            if kinds.contains(&kind.as_str()) {
                *names.entry(name.clone()).or_default() += ids.len();
            }
        }
        names
    }

    /// Returns what the first type of a kind and a name refers to, as text.
    pub(crate) fn declaration(&self, kind: &str, name: &str) -> String {
        let id = self.by_kind[&(kind.to_string(), name.to_string())][0];
        self.text(&self.types[id]["type_id"], true)
    }

    /// Returns the members of a struct or union, with those of types without a name, by their paths. The second of a
    /// path has a number.
    pub(crate) fn members(&self, ty: &Value) -> BTreeMap<String, Member> {
        let mut members = BTreeMap::new();
        self.add_members(ty, "", 0, &mut members);
        members
    }

    fn add_members(
        &self,
        ty: &Value,
        prefix: &str,
        start: u64,
        members: &mut BTreeMap<String, Member>,
    ) {
        for member in ty["members"].as_array().into_iter().flatten() {
            let name = member["name"].as_str().unwrap();
            let offset = start + member["bits_offset"].as_u64().unwrap();
            let id = &member["type_id"];
            if name == "(anon)" {
                self.add_members(self.underlying(id), prefix, offset, members);
                continue;
            }
            let joint = if prefix.is_empty() || prefix.ends_with("->") { "" } else { "." };
            let path = format!("{prefix}{joint}{name}");
            let found = Member { offset, ty: self.text(id, false) };
            assert!(members.insert(path.clone(), found).is_none(), "{path} twice");
            if let Some((body, suffix)) = self.body(id) {
                let start = if suffix.contains("->") || suffix.contains('(') { 0 } else { offset };
                self.add_members(body, &format!("{path}{suffix}"), start, members);
            }
        }
    }

    fn at(&self, id: &Value) -> &Value {
        &self.types[id.as_u64().unwrap() as usize]
    }

    /// Strips qualifiers and typedefs.
    fn underlying(&self, id: &Value) -> &Value {
        let ty = self.at(id);
        match ty["kind"].as_str() {
            Some("CONST" | "VOLATILE" | "RESTRICT" | "TYPEDEF" | "TYPE_TAG") => {
                self.underlying(&ty["type_id"])
            }
            _ => ty,
        }
    }

    /// Returns the struct or union without a name that a declaration defines, and how its members are reached.
    fn body(&self, id: &Value) -> Option<(&Value, String)> {
        let (mut ty, mut is_array, mut is_pointer, mut is_result) =
            (self.at(id), false, false, false);
        loop {
            let next = match ty["kind"].as_str()? {
                "ARRAY" => {
                    is_array = true;
                    &ty["type_id"]
                }
                "PTR" => {
                    is_pointer = true;
                    &ty["type_id"]
                }
                "FUNC_PROTO" => {
                    is_result = true;
                    &ty["ret_type_id"]
                }
                "CONST" | "VOLATILE" | "RESTRICT" | "TYPE_TAG" => &ty["type_id"],
                "STRUCT" | "UNION" if ty["name"] == "(anon)" => break,
                _ => return None,
            };
            ty = self.at(next);
        }
        let call = if is_result { "()" } else { "" };
        let element = if is_array { "[]" } else { "" };
        let arrow = if is_pointer && !is_result { "->" } else { "" };
        Some((ty, format!("{call}{element}{arrow}")))
    }

    /// Returns a text that is the same for types that are declared alike. `with_names` adds the names of a function's
    /// parameters.
    fn text(&self, id: &Value, with_names: bool) -> String {
        let ty = self.at(id);
        let Some(kind) = ty["kind"].as_str() else { return "void".to_string() };
        let name = ty["name"].as_str().unwrap_or_default();
        match kind {
            "PTR" => format!("*{}", self.text(&ty["type_id"], false)),
            "ARRAY" => format!("[{}]{}", ty["nr_elems"], self.text(&ty["type_id"], false)),
            "CONST" | "VOLATILE" | "RESTRICT" => {
                format!("{kind} {}", self.text(&ty["type_id"], false))
            }
            "TYPE_TAG" => self.text(&ty["type_id"], with_names),
            "INT" | "FLOAT" => name.to_string(),
            "FUNC_PROTO" => {
                let params = ty["params"].as_array().unwrap().iter().map(|param| {
                    let name = if with_names { param["name"].as_str().unwrap() } else { "" };
                    format!("{name} {}", self.text(&param["type_id"], false))
                });
                let params: Vec<String> = params.collect();
                format!("({}) -> {}", params.join(", "), self.text(&ty["ret_type_id"], false))
            }
            "FWD" => format!("{} {name}", ty["fwd_kind"].as_str().unwrap()),
            "ENUM" | "ENUM64" => format!("enum {name}"),
            _ => format!("{} {name}", kind.to_lowercase()),
        }
    }
}
