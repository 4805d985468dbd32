import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { RegisterAnswer } from '#contract';
import { whoami } from '../api/queries.js';
import { maySomewhere } from '../clusters/may.js';
import { Card, Page } from '../ui/page.js';
import { Lacking } from '../ui/lacking.js';
import { Invitation } from './invitation.js';
import { NOBODY, RegisterForm, type Registering } from './register-form.js';
import { WaitingClusters } from './waiting-clusters.js';

/** From a name to a cluster of the fleet. The token lives in this page's memory, and nowhere else. */
export function RegisterPage() {
  const me = useQuery(whoami);
  const [form, setForm] = useState<Registering>(NOBODY);
  const [answer, setAnswer] = useState<RegisterAnswer | null>(null);
  if (!me.data) return null;
  if (!maySomewhere(me.data, 'admin'))
    return (
      <Page title="Register a cluster">
        <Lacking title="Only an admin registers clusters" role={me.data.role}>
          Ask one to register it. The line that they get is run where kubectl points at the cluster, and is a secret.
        </Lacking>
      </Page>
    );
  return (
    <Page title="Register a cluster">
      {answer ? (
        <Invitation
          answer={answer}
          onAnother={setAnswer}
          onNext={() => {
            setAnswer(null);
            setForm({ ...form, name: '' });
          }}
        />
      ) : (
        <div className="grid grid-cols-1 items-start gap-6 xl:grid-cols-[minmax(0,42rem)_minmax(0,28rem)]">
          <Card>
            <RegisterForm form={form} onChange={setForm} onDone={setAnswer} />
          </Card>
          <div className="flex flex-col gap-6">
            <WaitingClusters onAnother={setAnswer} />
            <Card title="What happens then">
              <ol className="flex list-decimal flex-col gap-1 pl-5">
                <li>You get one line to run where kubectl points at the cluster.</li>
                <li>It installs the agent, which makes a key of its own and joins; the line is used up.</li>
                <li>The agent calls the hub, never the other way round.</li>
                <li>Applications whose placement selects the cluster arrive.</li>
              </ol>
            </Card>
          </div>
        </div>
      )}
    </Page>
  );
}
