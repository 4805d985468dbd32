{{ define "shared.name" }}{{ .Release.Name }}-shared{{ end }}
