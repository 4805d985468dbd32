import { pathText, schemaAt, type JsonSchema, type Path } from './json-schema.js';
import { kindWords, schemaFields } from './schema-fields.js';

/** What the schema says of the field at the cursor. */
export function FieldHelp({ schema, path }: { readonly schema: JsonSchema; readonly path: Path | undefined }) {
  const found = path && schemaAt(schema, path);
  if (!path || !found) return <p className="text-muted">Put the cursor on a field to read what it is for.</p>;
  const names = Object.keys(
    found.schema.items ? propertiesOf(found.schema.items, schema) : (found.schema.properties ?? {}),
  );
  return (
    <div className="flex flex-col gap-1">
      <p className="break-all">
        <code className="text-strong font-medium">{pathText(path)}</code>{' '}
        <span className="text-muted">{kindWords(found.schema, schema)}</span>
      </p>
      {found.schema.description && <p>{found.schema.description}</p>}
      {names.length > 0 && (
        <p className="text-muted">
          Fields: <code>{names.join(', ')}</code>
        </p>
      )}
    </div>
  );
}

function propertiesOf(items: JsonSchema, root: JsonSchema): Readonly<Record<string, JsonSchema>> {
  const name = items.$ref?.replace('#/$defs/', '');
  return (name === undefined ? items : root.$defs?.[name])?.properties ?? {};
}

/** Every field, as the schema has it. */
export function AllFields({ schema }: { readonly schema: JsonSchema }) {
  const fields = schemaFields(schema, schema).filter(({ path }) => path.startsWith('spec.'));
  return (
    <div className="border-line bg-card overflow-auto rounded-lg border" role="region" aria-label="Fields" tabIndex={0}>
      <table className="w-full text-left">
        <thead className="text-muted text-xs">
          <tr>
            <th className="px-3 py-2 font-medium">Field</th>
            <th className="px-3 py-2 font-medium">What is written</th>
            <th className="px-3 py-2 font-medium">Meaning</th>
          </tr>
        </thead>
        <tbody>
          {fields.map(({ path, kind, isRequired, description }) => (
            <tr key={path} className="border-line border-t align-top">
              <th scope="row" className="text-strong px-3 py-1.5 font-normal">
                <code>{path.slice('spec.'.length)}</code>
                {isRequired && <span className="text-muted"> required</span>}
              </th>
              <td className="px-3 py-1.5">{kind}</td>
              <td className="min-w-56 px-3 py-1.5">{description}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
