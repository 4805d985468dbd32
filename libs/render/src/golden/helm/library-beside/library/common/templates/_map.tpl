{{- define "common.map" -}}
apiVersion: v1
kind: ConfigMap
metadata: { name: {{ include "names.of" . }} }
data: { suffix: {{ .root.Values.common.suffix }} }
{{- end }}
