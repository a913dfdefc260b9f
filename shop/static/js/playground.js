// Send the query to the API, show the response, and search types and fields of the schema.
const at = (id) => document.getElementById(id);
const FIELDS = `{ __schema { types { name kind description
  fields(includeDeprecated: true) { name description args { name type { ...T } } type { ...T } }
  inputFields { name type { ...T } } enumValues { name } } } }
  fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`;

for (const id of ["query", "variables", "token"]) {
  at(id).value = sessionStorage.getItem(`playground-${id}`) ?? at(id).value;
  at(id).addEventListener("input", () => sessionStorage.setItem(`playground-${id}`, at(id).value));
}

async function ask(query, variables) {
  const headers = { "Content-Type": "application/json" };
  const token = at("token").value.trim();
  if (token) headers.Authorization = `Bearer ${token}`;
  return fetch(location.pathname, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
}

async function run() {
  let variables;
  try {
    variables = JSON.parse(at("variables").value || "{}");
  } catch (error) {
    at("status").textContent = `The variables are not JSON: ${error.message}`;
    return;
  }
  const began = performance.now();
  const response = await ask(at("query").value, variables);
  const body = await response.text();
  at("status").textContent =
    `${response.status} in ${Math.round(performance.now() - began)} ms, ${body.length} characters`;
  try {
    at("answer").textContent = JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    at("answer").textContent = body;
  }
}

const spelled = (type) =>
  type.kind === "NON_NULL"
    ? `${spelled(type.ofType)}!`
    : type.kind === "LIST"
      ? `[${spelled(type.ofType)}]`
      : type.name;
const inputs = (list) => list.map((input) => `${input.name}: ${spelled(input.type)}`).join(", ");

let lines;
async function schema() {
  const types = (await (await ask(FIELDS)).json()).data.__schema.types.filter((type) => !type.name.startsWith("__"));
  return types.flatMap((type) => [
    {
      text:
        `${type.kind.toLowerCase()} ${type.name}` +
        (type.enumValues ? `: ${type.enumValues.map((value) => value.name).join(" ")}` : "") +
        (type.inputFields ? ` { ${inputs(type.inputFields)} }` : ""),
      about: type.description,
    },
    ...(type.fields ?? []).map((field) => ({
      text: `${type.name}.${field.name}${field.args.length ? `(${inputs(field.args)})` : ""}: ${spelled(field.type)}`,
      about: field.description,
    })),
  ]);
}

async function find() {
  const wanted = at("search").value.trim().toLowerCase();
  lines ??= schema();
  const found = wanted.length < 2 ? [] : (await lines).filter((line) => line.text.toLowerCase().includes(wanted));
  at("found").replaceChildren(
    ...found.slice(0, 60).map((line) => {
      const row = document.createElement("p");
      row.textContent = line.text;
      if (line.about) row.append(Object.assign(document.createElement("small"), { textContent: line.about }));
      return row;
    }),
  );
}

at("request").addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
});
at("search").addEventListener("input", find);
