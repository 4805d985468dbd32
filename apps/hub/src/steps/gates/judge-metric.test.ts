import { describe, expect, it } from '@jest/globals';
import { judgeMetric } from './judge-metric.js';

const vector = (...values: unknown[]): string =>
  JSON.stringify({
    status: 'success',
    data: { resultType: 'vector', result: values.map((value) => ({ metric: { a: 'b' }, value: [1.5, value] })) },
  });
const data = (resultType: string, result: unknown): string =>
  JSON.stringify({ status: 'success', data: { resultType, result } });

describe("what a Prometheus server's answer says of a condition", () => {
  it.each<[string, string, string, string]>([
    [vector('0.005'), 'value < 0.01', 'success', '0.005 meets value < 0.01'],
    [vector('0.02'), 'value < 0.01', 'failure', '0.02 does not meet value < 0.01'],
    [vector('1e-3'), 'value < 0.01', 'success', '1e-3 meets value < 0.01'],
    [vector('+Inf'), 'value < 0.01', 'failure', '+Inf does not meet value < 0.01'],
    [data('scalar', [1, '3']), 'value == 3.0', 'success', '3 meets value == 3.0'],
    [vector('1', '2'), 'result.all(each, each < 2)', 'failure', '[1, 2] does not meet result.all(each, each < 2)'],
    [
      vector('1', '2', '3', '4', '5', '6'),
      'size(result) == 6',
      'success',
      '[1, 2, 3, 4, 5, …] meets size(result) == 6',
    ],
  ])('%s of %s: %s', (body, condition, outcome, message) => {
    expect(judgeMetric(body, condition)).toEqual({ outcome, message });
  });

  it.each<[string, string, RegExp]>([
    ['nothing found', vector(), /found nothing/],
    ['a NaN', vector('NaN'), /answered NaN/],
    ['a NaN among numbers', vector('1', 'NaN'), /answered \[1, NaN\]/],
    ['a hexadecimal number', vector('0x10'), /answered 0x10/],
    ['a number that is none of a text', vector(7), /not that of a Prometheus query/],
    ['a matrix', data('matrix', []), /answers a matrix/],
    ['a string', data('string', [1, 'x']), /answers a string/],
    ['an error', JSON.stringify({ status: 'error', errorType: 'bad_data', error: 'secret' }), /failed \(bad_data\)$/],
    ['a histogram', data('vector', [{ metric: {}, histogram: [1, {}] }]), /not that of a Prometheus query/],
    ['a web page', '<html>', /not that of a Prometheus query/],
    ['nothing at all', '', /not that of a Prometheus query/],
    ['too many series', vector(...Array.from({ length: 101 }, () => '1')), /101 series.*aggregate/],
  ])('takes %s for no data, never for a failure', (_what, body, message) => {
    expect(judgeMetric(body, 'value < 0.01')).toEqual({ outcome: 'noData', message: expect.stringMatching(message) });
  });

  it('takes a condition that asks for more than there is for no data', () => {
    expect(judgeMetric(vector('1'), 'result[1] < 1')).toEqual({
      outcome: 'noData',
      message: expect.stringMatching(/^1 can't be judged: .*index/),
    });
  });
});
