import { createHash } from 'node:crypto';
import { z } from 'zod';
import { RejectedError } from '#kit';
import { type ChartReply, unreachable } from './chart-http.js';
import type { ChartPlace } from './chart-place.js';
import { jsonOf } from './registry-session.js';

const MANIFEST_TYPES = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
const CHART_CONFIG = 'application/vnd.cncf.helm.config.v1+json';
/** The second is what Helm wrote before version 3.7. */
const CHART_LAYERS = ['application/vnd.cncf.helm.chart.content.v1.tar+gzip', 'application/tar+gzip'];
/** Manifests of an index that are looked at: one for a chart, a few for its signatures and the like. */
const MAX_MANIFESTS = 20;

/** What is taken for what a tag is of. */
export const ACCEPTED = [...MANIFEST_TYPES, INDEX_TYPE].join(', ');

const digestSchema = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const manifestSchema = z.object({
  config: z.object({ mediaType: z.string() }),
  layers: z
    .array(z.object({ mediaType: z.string(), digest: digestSchema, size: z.number() }))
    .min(1)
    .max(100),
  annotations: z.record(z.string(), z.string()).nullish(),
});
const indexSchema = z.object({
  manifests: z
    .array(z.object({ mediaType: z.string(), digest: z.string(), artifactType: z.string().nullish() }))
    .max(1000),
});

/** What a manifest tells of the chart that it is of. */
export interface ChartManifest {
  /** `sha256:…` */
  readonly digest: string;
  /** Bytes, as it says. */
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * The chart that a tag is of. A tag may be of an index of several manifests, as of a chart with its signature: Helm pulls all of them and takes the chart that is
 * among them. Where there are several it takes any, and so they are refused here.
 * @param tag as messages name it
 * @param read asks for a manifest by its digest.
 * @throws RejectedError `chart-not-found`, `chart-ambiguous`; RetryableError `source-unreachable`
 */
export async function readChartManifest(
  place: ChartPlace,
  tag: string,
  reply: Pick<ChartReply, 'bytes'>,
  read: (digest: string) => Promise<Pick<ChartReply, 'bytes'>>,
): Promise<ChartManifest> {
  const told = jsonOf(reply.bytes);
  const { data: index } = indexSchema.safeParse(told);
  const found = index ? await chartsOf(place, index, read) : [chartOf(told)].flatMap((each) => each ?? []);
  const [chart, other] = [...new Map(found.map((each) => [each.digest, each])).values()];
  if (chart === undefined) {
    throw new RejectedError('chart-not-found', `${place.shown}: what is there as ${tag} is no Helm chart.`);
  }
  if (other === undefined) return chart;
  throw new RejectedError(
    'chart-ambiguous',
    `${place.shown}: what is there as ${tag} is an index of several charts, of which Helm would take any: publish each of them with a tag of its own.`,
  );
}

async function chartsOf(
  place: ChartPlace,
  { manifests }: z.infer<typeof indexSchema>,
  read: (digest: string) => Promise<Pick<ChartReply, 'bytes'>>,
): Promise<readonly ChartManifest[]> {
  const readable = manifests.filter(
    ({ mediaType, digest }) => MANIFEST_TYPES.includes(mediaType) && digestSchema.safeParse(digest).success,
  );
  // Who says of one that it is a chart needs not have the others looked at.
  const said = readable.filter(({ artifactType }) => artifactType === CHART_CONFIG);
  const asked = said.length > 0 ? said : readable;
  if (asked.length > MAX_MANIFESTS) {
    const why = `is an index of more than ${MAX_MANIFESTS} manifests`;
    throw new RejectedError('chart-not-found', `${place.shown} ${why}, none of which says that it is a chart.`);
  }
  const found: ChartManifest[] = [];
  for (const { digest } of asked) {
    const { bytes } = await read(digest);
    if (`sha256:${createHash('sha256').update(bytes).digest('hex')}` !== digest) {
      throw unreachable(place, `${place.host} answered with another manifest than ${digest}, which its index names`);
    }
    const chart = chartOf(jsonOf(bytes));
    if (chart) found.push(chart);
  }
  return found;
}

function chartOf(told: unknown): ChartManifest | null {
  const { data } = manifestSchema.safeParse(told);
  const layer = data?.layers.find(({ mediaType }) => CHART_LAYERS.includes(mediaType));
  if (data?.config.mediaType !== CHART_CONFIG || layer === undefined) return null;
  return { digest: layer.digest, size: layer.size, annotations: data.annotations ?? {} };
}
